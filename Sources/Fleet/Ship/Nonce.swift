/// Random words that no command can guess: what tells a run's records from anything that is printed.
enum Nonce {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let parts = (0..<2).map { _ in String(generator.next() as UInt64, radix: 36) }
        return parts.joined()
    }
}
