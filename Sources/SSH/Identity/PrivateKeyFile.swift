internal import FoundationEssentials

/// A private key as it lies on disk, with what can be known of it without its passphrase.
struct PrivateKeyFile: Sendable {
    let path: String
    let contents: [UInt8]
    let isEncrypted: Bool
    /// Of keys in OpenSSH's own format, whose public half is never encrypted.
    let publicKey: HostKey?
    let isRSA: Bool

    /// Reads the file, on a thread of its own: home directories may be on slow file systems.
    ///
    /// - Throws: a sentence that says why this key cannot be used.
    static func read(_ path: String) async throws(Unusable) -> PrivateKeyFile {
        let answer = await OwnThread.value { () -> Result<[UInt8], LocalFile.Problem> in
            Result { () throws(LocalFile.Problem) in try LocalFile.read(path, limit: 256 << 10, secret: true) }
        }
        guard let answer else { throw Unusable(reason: "could not be read in time") }
        switch answer {
        case .success(let contents): return try PrivateKeyFile(path: path, contents: contents)
        case .failure(.missing): throw Unusable(reason: "no such file")
        case .failure(.tooLarge): throw Unusable(reason: "not a private key: larger than 256 KiB")
        case .failure(.system(let number)): throw Unusable(reason: SSHError.systemText(number))
        case .failure(.exposed(let mode)):
            throw Unusable(reason: "others can reach it (mode \(String(mode, radix: 8))): 'chmod 600' it")
        }
    }

    /// Why a key cannot be used.
    struct Unusable: Error {
        let reason: String
    }

    init(path: String, contents: [UInt8]) throws(Unusable) {
        self.path = path
        self.contents = contents
        let lines = contents.split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        guard let first = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("PRIVATE KEY-----") })
        else { throw Unusable(reason: "not a private key") }
        guard lines[first] == "-----BEGIN OPENSSH PRIVATE KEY-----" else {
            publicKey = nil
            isRSA = lines[first].contains("RSA")
            isEncrypted =
                lines[first].contains("ENCRYPTED") || lines.contains { $0.hasPrefix("Proc-Type: 4,ENCRYPTED") }
            return
        }
        let body = lines[(first + 1)...].prefix { !$0.hasPrefix("-----END ") }.joined()
        guard let bytes = Data(base64Encoded: body), bytes.starts(with: Self.magic) else {
            throw Unusable(reason: "a damaged private key")
        }
        var reader = WireReader(bytes.dropFirst(Self.magic.count))
        guard let cipher = reader.text(), reader.string() != nil, reader.string() != nil, reader.number() == 1,
            let key = reader.string().flatMap(HostKey.init)
        else { throw Unusable(reason: "a damaged private key") }
        publicKey = key
        isEncrypted = cipher != "none"
        isRSA = key.type == "ssh-rsa"
    }

    private static let magic = Array("openssh-key-v1\0".utf8)
}
