package import Inventory
package import Values

/// Where a file is copied from or to.
package enum TransferPlace: Sendable {
    /// On this machine.
    case here(String)
    case there(Host, String)

    /// What `host copy` is given: `HOST:PATH`, or a path of this machine.
    ///
    /// A word before a colon is a host when the inventory knows it, and a path when it holds a slash (`./a:b`).
    /// - Parameter hosts: finds what a target means.
    /// - Returns: a place for each host that the word means.
    /// - Throws: what `hosts` throws.
    package static func reading(
        _ word: String, hosts: (String) throws(Diagnostics) -> [Host]
    ) throws(Diagnostics) -> [TransferPlace] {
        guard let colon = word.firstIndex(of: ":"), !word[..<colon].contains("/"), colon > word.startIndex else {
            return [.here(word)]
        }
        let path = String(word[word.index(after: colon)...])
        return try hosts(String(word[..<colon])).map { .there($0, path.isEmpty ? "." : path) }
    }

    package var name: String {
        switch self {
        case .here(let path): path
        case .there(let host, let path): "\(host.name):\(path)"
        }
    }

    var host: Host? {
        if case .there(let host, _) = self { host } else { nil }
    }

    var path: String {
        switch self {
        case .here(let path), .there(_, let path): path
        }
    }
}
