/// Where a hypervisor is reached, as libvirt writes it.
///
/// A URI of this type always names its host: a remote transport without one, which libvirt takes for the local machine,
/// cannot be made. Files in the user's home do not matter, because the key pair's directory is part of it.
public struct HypervisorURI: Sendable, Hashable, CustomStringConvertible {
    /// The URI itself.
    public let text: String
    /// The host's name or address without brackets; "localhost" for a local hypervisor.
    public let host: String
    /// What kind of hypervisor it asks for: `qemu`, `lxc`, `xen`, `test`.
    public var driver: String { String(text.prefix { $0 != "+" && $0 != ":" }) }
    /// How it gets there, such as `tls`; nil where the URI does not say.
    public var transport: String? {
        let scheme = text.prefix { $0 != ":" }
        return scheme.firstIndex(of: "+").map { String(scheme[scheme.index(after: $0)...]) }
    }
    /// Whether it names a host; one that does not means the machine that it is used on.
    public let namesHost: Bool
    /// From the slash behind the host on, without the parameters: `/system`.
    public var path: String {
        guard let start = text.firstRange(of: "://")?.upperBound else { return "" }
        return String(text[start...].drop { $0 != "/" }.prefix { $0 != "?" && $0 != "#" })
    }

    public var description: String { text }

    /// `qemu+tls://ADDRESS:PORT/system?pkipath=DIRECTORY&no_tty=1`.
    ///
    /// - Parameters:
    ///   - driver: the kind of hypervisor, and its path: LXC's is `/`.
    ///   - address: a DNS name, an IPv4 or an IPv6 address; the server's certificate must carry it.
    ///   - pkiDirectory: holds `cacert.pem`, `clientcert.pem` and `clientkey.pem`; absolute.
    public static func tls(
        driver: String = "qemu", path: String = "/system", address: String, port: Int? = nil, pkiDirectory: String?
    ) throws(HypervisorError) -> HypervisorURI {
        let host = try host(address)
        var query = "no_tty=1"
        if let pkiDirectory {
            guard pkiDirectory.hasPrefix("/") else {
                throw .invalid("connect to \"\(address)\"", "directory \"\(pkiDirectory)\" is not an absolute path")
            }
            query = "pkipath=\(encoded(pkiDirectory))&" + query
        }
        return HypervisorURI(
            text: "\(driver)+tls://\(host)\(port.map { ":\($0)" } ?? "")\(path)?\(query)", host: address,
            namesHost: true)
    }

    /// The same with a directory of keys, unless it names one already.
    /// - Parameter pkiDirectory: as for `tls`.
    public func withKeys(_ pkiDirectory: String) -> HypervisorURI {
        guard transport == "tls", !text.contains("pkipath=") else { return self }
        let sign = text.contains("?") ? "&" : "?"
        let keys = "\(sign)pkipath=\(Self.encoded(pkiDirectory))&no_tty=1"
        return HypervisorURI(text: text + keys, host: host, namesHost: namesHost)
    }

    /// The local system hypervisor, for hosts that say so (`connection: local`).
    public static let localSystem = HypervisorURI(text: "qemu:///system", host: "localhost", namesHost: false)

    /// A URI as a user wrote it. It must have a scheme; with a remote transport it must name a host.
    public init(_ text: String) throws(HypervisorError) {
        let operation = "connect to \"\(text)\""
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"), colon != text.startIndex else {
            throw .invalid(operation, "not a hypervisor URI", hint: "write it as qemu+tls://HOST/system")
        }
        let transport = text[..<colon].split(separator: "+", maxSplits: 1).dropFirst().first
        let rest = text[text.index(colon, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let server = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let name: Substring
        if server.hasPrefix("["), let end = server.firstIndex(of: "]") {
            name = server[server.index(after: server.startIndex)..<end]
        } else {
            name = server.prefix { $0 != ":" }
        }
        if let transport, transport != "unix", name.isEmpty {
            throw .invalid(
                operation, "it names no host, and libvirt would take it for this machine",
                hint: "write it as \(text[..<colon])://HOST/system")
        }
        self.text = text
        self.host = name.isEmpty ? "localhost" : String(name)
        namesHost = !name.isEmpty
    }

    private init(text: String, host: String, namesHost: Bool) {
        self.text = text
        self.host = host
        self.namesHost = namesHost
    }

    /// `address` as it stands in a URI: IPv6 in brackets.
    static func host(_ address: String) throws(HypervisorError) -> String {
        let isIPv6 = address.utf8.contains(UInt8(ascii: ":"))
        let legal = address.utf8.allSatisfy { byte in
            isUnreserved(byte) || (isIPv6 && byte == UInt8(ascii: ":"))
        }
        guard legal, !address.isEmpty, !address.hasPrefix("-") else {
            throw .invalid(
                "connect to \"\(address)\"", "not a host name or address",
                hint: "an IPv6 address with a zone (%eth0) cannot stand in a certificate: use a global one")
        }
        return isIPv6 ? "[\(address)]" : address
    }

    /// Percent-encodes everything but unreserved characters and `/`.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, byte in
            if isUnreserved(byte) || byte == UInt8(ascii: "/") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }
}
