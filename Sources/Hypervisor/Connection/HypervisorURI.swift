/// Where a hypervisor is reached, as libvirt writes it.
///
/// A URI of this type always names its host: a remote transport without one, which libvirt takes for the local machine,
/// cannot be made. Files in the user's home do not matter, because the key pair's directory is part of it.
public struct HypervisorURI: Sendable, Hashable, CustomStringConvertible {
    /// The URI itself.
    public let text: String
    /// The host's name or address without brackets; "localhost" for a local hypervisor.
    public let host: String

    public var description: String { text }

    /// `qemu+tls://ADDRESS:PORT/system?pkipath=DIRECTORY&no_tty=1`.
    ///
    /// - Parameters:
    ///   - address: a DNS name, an IPv4 or an IPv6 address; the server's certificate must carry it.
    ///   - pkiDirectory: holds `cacert.pem`, `clientcert.pem` and `clientkey.pem`; absolute.
    public static func tls(
        address: String, port: Int? = nil, pkiDirectory: String?
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
            text: "qemu+tls://\(host)\(port.map { ":\($0)" } ?? "")/system?\(query)", host: address)
    }

    /// The local system hypervisor, for hosts that say so (`connection: local`).
    public static let localSystem = HypervisorURI(text: "qemu:///system", host: "localhost")

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
    }

    private init(text: String, host: String) {
        self.text = text
        self.host = host
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
