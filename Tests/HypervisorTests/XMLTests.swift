import Hypervisor
import Testing

@Suite struct XMLTests {
    @Test func readsWhatLibvirtWrites() throws {
        let text = """
            <?xml version='1.0'?>
            <!-- written by libvirt -->
            <domain type='kvm' id="3">
              <name>a &amp; b &#x416; &#1046;</name>
              <metadata><x:note xmlns:x='urn:x'><![CDATA[<kept> & ]]>here</x:note></metadata>
              <devices><disk device='cdrom'/><disk device='disk'><source file='/p/a&apos;b'/></disk></devices>
            </domain>
            """
        let root = try XMLElement(reading: text)
        #expect(root[attribute: "type"] == "kvm")
        #expect(root[attribute: "id"] == "3")
        #expect(root.first("name")?.text == "a & b Ж Ж")
        #expect(root.first("metadata", "note")?.text == "<kept> & here")
        #expect(root.first("devices")?.all("disk").count == 2)
        #expect(root.first("devices")?.all("disk").last?.first("source")?[attribute: "file"] == "/p/a'b")
    }

    @Test func writtenAgainItIsTheSame() throws {
        let text = "<a b='&lt;&amp;&apos;&quot;&#10;&#9;'> x &lt; <c/> y\n</a>"
        let first = try XMLElement(reading: text)
        let again = try XMLElement(reading: first.written())
        #expect(first == again)
        #expect(first[attribute: "b"] == "<&'\"\n\t")
    }

    @Test func refusesWhatIsNotXML() throws {
        for line in try Fixture.lines("xml-refused.txt") {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let problem = #expect(throws: XMLProblem.self, "\(line)") { try XMLElement(reading: fields[0]) }
            #expect(problem?.message.contains(fields[1]) == true, "\(line): \(problem?.message ?? "")")
        }
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000)
        let problem = #expect(throws: XMLProblem.self) { try XMLElement(reading: deep) }
        #expect(problem?.message.contains("nested") == true)
    }

    @Test func numberOfElementsIsBounded() {
        let many = "<a>" + String(repeating: "<b/>", count: 200_001) + "</a>"
        let problem = #expect(throws: XMLProblem.self) { try XMLElement(reading: many) }
        #expect(problem?.message.contains("more than") == true)
    }

    @Test(arguments: ["\u{0}", "\u{1b}[31m", "\u{fffe}"])
    func refusesToWriteControlCharacters(_ text: String) {
        #expect(throws: XMLProblem.self) { try XMLElement("a", text: text).written() }
        #expect(throws: XMLProblem.self) { try XMLElement("a", ["b": text]).written() }
    }

    @Test func refusesNamesThatAreMarkup() {
        #expect(throws: XMLProblem.self) { try XMLElement("a b='1'").written() }
        #expect(throws: XMLProblem.self) { try XMLElement("").written() }
    }

    /// A document cut anywhere, or with a byte changed, is read or refused; it never traps.
    @Test func damagedDocumentsAreReadOrRefused() throws {
        let bytes = Array(try Fixture.text("golden/domain-kvm.xml").utf8)
        var refused = 0
        for index in bytes.indices {
            var changed = bytes
            changed[index] = UInt8(truncatingIfNeeded: Int(bytes[index]) &* 7 &+ index)
            for damaged in [Array(bytes[..<index]), changed] {
                do {
                    _ = try XMLElement(reading: String(decoding: damaged, as: UTF8.self))
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > bytes.count)
    }
}
