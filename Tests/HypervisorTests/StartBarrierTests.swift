import Testing

@testable import Hypervisor

/// The mark that keeps a definition from starting.
@Suite struct StartBarrierTests {
    private let barrier = StartBarrier(operation: "20261123t1-abc")

    @Test(arguments: ["<kernel>/boot/vmlinuz</kernel>", "<boot dev='hd'/>", ""])
    func comesAndGoes(_ system: String) throws {
        let text = "<domain><name>a</name><os><type>hvm</type>\(system)</os><devices/></domain>"
        var definition = try DomainDefinition(reading: text)
        let before = try definition.text()
        #expect(!barrier.stands(in: definition.description))
        barrier.set(up: &definition)
        let once = try definition.text()
        barrier.set(up: &definition)
        #expect(try definition.text() == once)
        #expect(barrier.stands(in: definition.description))
        #expect(StartBarrier.operation(in: definition.description) == "20261123t1-abc")
        // Another operation's stays.
        StartBarrier(operation: "other").remove(from: &definition)
        #expect(barrier.stands(in: definition.description))
        barrier.remove(from: &definition)
        #expect(try definition.text() == before)
        #expect(StartBarrier.operation(in: definition.description) == nil)
    }
}
