import PKI
import Testing

struct ProfileTests {
    static let badNames = [
        "", "*.example.org", "a b", "-x", "x-", "a..b", "a.", "bücher.example", "10.0.0.1", "a\u{0}b", "a\nb",
        String(repeating: "a", count: 64),
    ]
    static let badAddresses = ["", "hv1", "10.0.0.1/24", "fe80::1%eth0", "10.0.0.256", "010.0.0.1"]
    static let badSubjects = [
        Subject(commonName: ""), Subject(commonName: String(repeating: "x", count: 65)),
        Subject(commonName: "a\u{0}b"), Subject(commonName: "a\u{202e}b"), Subject(commonName: "a", country: "Germany"),
        Subject(commonName: "a", country: "de"),
    ]

    @Test(arguments: badNames) func refusesName(name: String) {
        var bad = profile("hv1")
        bad.dnsNames = [name]
        #expect(throws: PKIError.self) { try bad.normalized() }
    }

    @Test(arguments: badAddresses) func refusesAddress(address: String) {
        var bad = profile("hv1")
        bad.ipAddresses = [address]
        #expect(throws: PKIError.self) { try bad.normalized() }
    }

    @Test(arguments: badSubjects) func refusesSubject(subject: Subject) {
        var bad = profile("hv1")
        bad.subject = subject
        #expect(throws: PKIError.self) { try bad.normalized() }
    }

    @Test func aServerNeedsAName() {
        var bare = profile("hv1")
        bare.dnsNames = []
        bare.ipAddresses = []
        #expect(throws: PKIError.self) { try bare.normalized() }
        bare.purposes = .client
        #expect(throws: Never.self) { try bare.normalized() }
    }

    @Test func normalizes() throws {
        var odd = profile("hv1")
        odd.dnsNames = ["HV1", "b.example", "hv1"]
        odd.ipAddresses = ["FE80:0::1", "10.0.0.1", "fe80::1"]
        let normal = try odd.normalized()
        #expect(normal.dnsNames == ["b.example", "hv1"])
        #expect(normal.ipAddresses == ["10.0.0.1", "fe80::1"])
    }

    @Test func findsCollisionsWithinAPlaneOnly() throws {
        var one = profile("hv1")
        one.ipAddresses = ["10.0.0.1", "::1"]
        var two = profile("hv2")
        two.dnsNames = ["HV1"]
        two.ipAddresses = ["0:0::1"]
        var other = profile("hv3", .data)
        other.dnsNames = ["hv1"]
        other.ipAddresses = ["10.0.0.1"]
        let found = try Authority.collisions(of: [one, two, other])
        #expect(found.map(\.value) == ["::1", "hv1"])
        #expect(found.allSatisfy { $0.plane == .api && $0.holders == ["hv1", "hv2"] })
        #expect(found.last?.description == "'hv1' and 'hv2' both claim 'hv1' in the api plane")
        #expect(try Authority.collisions(of: [one, other]) == [])
    }
}
