import Testing

@testable import Fleet

/// Which of many answers are a guest's addresses, and which comes first.
@Suite struct GuestAddressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// `SOURCE ADDRESS MAC`, MAC `-` for none.
        var told: [String]
        var ranked: [String]
    }

    static let cases: [Case] = [
        Case(testDescription: "nobody knows anything", told: [], ranked: []),
        Case(
            testDescription: "each address once, by who knows best",
            told: ["arp 10.0.0.5 52:54:00:00:00:01", "agent 10.0.0.5 52:54:00:00:00:01", "controller 10.0.0.5 -"],
            ranked: ["agent 10.0.0.5"]),
        Case(
            testDescription: "beyond the link first, IPv4 first",
            told: [
                "agent fe80::1 52:54:00:00:00:01", "agent 2001:db8::5 52:54:00:00:00:01", "probe 10.0.0.5 -",
                "arp 169.254.7.7 -",
            ], ranked: ["probe 10.0.0.5", "agent 2001:db8::5", "arp 169.254.7.7", "agent fe80::1"]),
        Case(
            testDescription: "loopback and what the guest bridges to itself are not its addresses",
            told: [
                "agent 127.0.0.1 00:00:00:00:00:00", "agent ::1 00:00:00:00:00:00",
                "agent 172.17.0.1 02:42:00:00:00:01", "lease 10.0.0.5 52:54:00:00:00:01",
            ], ranked: ["lease 10.0.0.5"]),
        Case(
            testDescription: "MAC addresses are equal in any case", told: ["lease 10.0.0.5 52:54:00:00:00:0A"],
            ranked: ["lease 10.0.0.5"]),
        Case(
            testDescription: "what is no address is nothing",
            told: ["agent 10.0.0.5;reboot -", "agent $(id) -", "agent \u{1B}[2J -", "agent 1 -"], ranked: []),
    ]

    @Test(arguments: cases) func theBestComesFirst(_ example: Case) throws {
        let told = try example.told.map { line in
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            let place = try #require(words[1].lastIndex(of: " "))
            let mac = String(words[1][words[1].index(after: place)...])
            return GuestAddress(
                address: String(words[1][..<place]), mac: mac == "-" ? nil : mac,
                source: try #require(GuestAddress.Source(rawValue: words[0])))
        }
        let ranked = GuestAddress.ranked(told, macs: ["52:54:00:00:00:01", "52:54:00:00:00:0a"])
        #expect(ranked.map { "\($0.source.rawValue) \($0.address)" } == example.ranked)
    }

    @Test(arguments: [
        ("P6\n2 1\n255\n123456", true), ("P6 2 1 255 123456", true), ("P6\n2 1\n255\n12345", false),
        ("P6\n2 1\n255\n1234567", false), ("P5\n2 1\n255\n123456", false), ("P6\n0 1\n255\n", false),
        ("P6\n-2 -1\n255\n123456", false), ("P6\n99999999 99999999\n255\n123456", false), ("", false), ("P6", false),
        ("P6\n2 1\n65535\n123456", false),
    ]) func onlyWholePixmapsAreConverted(_ text: String, isWhole: Bool) {
        #expect((PixmapHeader(Array(text.utf8)) != nil) == isWhole)
    }
}
