import Fleet
import Foundation
import SSH
import Testing
import Values

@Suite struct HostKeyTests {
    /// What `ssh-keygen -lf` prints of this key.
    private let fingerprint = "SHA256:WRbFx3gVRQNtE/R79oU9xv5//nvAXW+vWV+EnkMVyZw"
    private let text = "AAAAC3NzaC1lZDI1NTE5AAAAIOXczhTVrqmLomEm8Q8R5prdewXHypZSQlv/zOMfCU79"

    @Test func peopleCompareFingerprints() throws {
        let key = try #require(Data(base64Encoded: text).flatMap { HostKey(blob: Array($0)) })
        var error = SSHError(.hostKeyChanged, "the host key has changed")
        error.knownKey = key
        error.presentedKey = key
        let detail = try #require(error.diagnostic(host: "web").detail)
        #expect(key.fingerprint == fingerprint)
        #expect(detail == "known:     ssh-ed25519 \(fingerprint)\npresented: ssh-ed25519 \(fingerprint)")
    }
}
