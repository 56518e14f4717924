internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import SSH
internal import Values

struct HostTrustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Show hosts' SSH keys and accept them",
        discussion:
            "Compare the fingerprints with what the machines themselves say: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    )
    @Flag(help: "Accept keys that replace known ones; without it they are refused") var replace = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context).filter { $0.connection == .ssh }
        let trust = HostTrust(context.directory, timeout: common.timeout)
        let answers = try await trust.offers(hosts, parallel: common.parallel)
        let offers = answers.compactMap { try? $0.get() }
        let problems = answers.compactMap { if case .failure(let problem) = $0 { problem } else { nil } }
        let changed = offers.filter { !$0.replaced.isEmpty }
        if !replace, !changed.isEmpty {
            throw CommandFailure(.error, changed.map(Self.refusal) + problems.map(\.diagnostic))
        }
        let news = offers.filter(\.isNews)
        Output.write(Value(offers.map(\.value)), common.format) { table(offers) }
        if !news.isEmpty {
            try common.confirmed("accept the new keys of \(news.map(\.host.name).joined(separator: ", "))?")
            try trust.accept(news)
        }
        try failIfAny(problems)
    }

    private func table(_ offers: [HostTrust.Offer]) -> String {
        var table = Table("HOST", "TYPE", "FINGERPRINT", "")
        for offer in offers {
            for key in offer.keys {
                table.add([offer.host.name, key.type, key.fingerprint, offer.known.contains(key) ? "known" : "new"])
            }
        }
        return table.text
    }

    private static func refusal(_ offer: HostTrust.Offer) -> Diagnostic {
        let lines = offer.replaced.map { old in
            let new = offer.keys.first { $0.type == old.type }
            return "known:     \(old.type) \(old.fingerprint)\npresented: \(old.type) \(new?.fingerprint ?? "-")"
        }
        return .error(
            "its host key has changed", detail: lines.joined(separator: "\n"),
            hint:
                "if the machine was reinstalled, accept it with --replace; otherwise somebody stands between you and it",
            host: offer.host.name)
    }
}

extension HostTrust.Offer {
    fileprivate var value: Value {
        [
            "host": Value(host.name),
            "keys": Value(
                keys.map { key in
                    [
                        "type": Value(key.type), "fingerprint": Value(key.fingerprint),
                        "known": Value(known.contains(key)),
                    ]
                }),
        ]
    }
}
