import Testing

@testable import Modules

@Suite struct DigestTests {
    /// From FIPS 180-4's examples and `sha256sum`.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256(_ text: String, _ sum: String) { #expect(SHA256.hex(Array(text.utf8)) == sum) }

    @Test(arguments: 0..<70) func base64(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
        #expect(Base64.decoded(Array(Base64.encoded(bytes).utf8)) == bytes)
    }

    @Test(arguments: ["a", "a===", "ab!c", "====", "a=bc"])
    func isNoBase64(_ text: String) { #expect(Base64.decoded(Array(text.utf8)) == nil) }
}
