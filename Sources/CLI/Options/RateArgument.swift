internal import ArgumentParser
internal import Values

/// An amount of data in a second on the command line.
enum RateArgument {
    static func read(_ text: String) throws -> ByteRate {
        guard let rate = ByteRate(text), rate.bytesPerSecond > 0 else {
            throw ValidationError(
                "bad rate \"\(text)\": write a number with K, M or G, such as \"80MiB/s\"; a bare number is MiB/s")
        }
        return rate
    }
}
