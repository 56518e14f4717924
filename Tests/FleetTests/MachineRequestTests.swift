import Testing
import Values

@testable import Fleet

/// What is asked for of a VM that is there.
@Suite struct MachineRequestTests {
    @Test func readsADisksNewSize() {
        #expect(ResizeRequest.Disk("40G")?.name == nil && ResizeRequest.Disk("40G")?.size.mebibytes == 40 << 10)
        #expect(ResizeRequest.Disk("data=2T")?.name == "data")
        for text in ["", "=", "=40G", "data=", "data=x", "fourty"] {
            #expect(ResizeRequest.Disk(text) == nil, "\(text)")
        }
    }

    private func refusal(_ change: (inout ResizeRequest) -> Void) -> String? {
        var request = ResizeRequest()
        change(&request)
        do throws(Diagnostics) {
            try request.validate()
            return nil
        } catch {
            return error.all.map(\.summary).joined(separator: "; ")
        }
    }

    @Test func refusesSizesThatCannotBe() {
        #expect(refusal { _ in }?.contains("nothing") == true)
        #expect(refusal { $0.cpus = 0 }?.contains("1 to 1024") == true)
        #expect(refusal { $0.memory = ByteSize(mebibytes: 1) }?.contains("16 MiB") == true)
        #expect(refusal { ($0.cpus, $0.maximumCPUs) = (4, 2) }?.contains("maximum of 2") == true)
        #expect(refusal { ($0.maximumCPUs, $0.scope) = (4, .live) }?.contains("next start only") == true)
        let disk = ResizeRequest.Disk(name: nil, size: ByteSize(mebibytes: 64))
        #expect(refusal { ($0.disks, $0.scope) = ([disk], .next) }?.contains("at once") == true)
        #expect(refusal { ($0.cpus, $0.disks) = (2, [disk]) } == nil)
    }

    /// What recovery reads is what was asked for.
    @Test func comesBackFromTheJournal() async throws {
        try await ScratchFleet.with { scratch in
            var request = ResizeRequest()
            (request.cpus, request.maximumMemory, request.scope) = (3, ByteSize(mebibytes: 512), .next)
            request.disks = [
                .init(name: "data", size: ByteSize(mebibytes: 5)), .init(name: nil, size: ByteSize(mebibytes: 6)),
            ]
            let journal = Journal(scratch.directory)
            let log = try journal.begin("resize", request.fields)
            let read = ResizeRequest(try journal.known(log.id))
            #expect(read.cpus == 3 && read.maximumCPUs == nil && read.memory == nil && read.scope == .next)
            #expect(read.maximumMemory?.mebibytes == 512)
            #expect(read.disks.map(\.name) == ["data", nil] && read.disks.map(\.size.mebibytes) == [5, 6])
        }
    }

    @Test func aNameUnderWorkIsRefused() async throws {
        try await ScratchFleet.with { scratch in
            let journal = Journal(scratch.directory)
            let log = try journal.begin("rename", Mapping([("vm", "web1"), ("new", "web2"), ("uuid", "u-1")]))
            for name in ["web1", "web2"] {
                #expect(throws: Diagnostics.self) { try journal.refuseUnsettled(named: name) }
            }
            #expect(throws: Diagnostics.self) { try journal.refuseUnsettled("u-1") }
            try journal.refuseUnsettled(named: "web3")
            #expect(!journal.hasEnded(under: "web2", within: 60))
            try log.record("finished")
            try journal.refuseUnsettled(named: "web2")
            #expect(journal.hasEnded(under: "web2", within: 60) && !journal.hasEnded(under: "web3", within: 60))
            let clone = try journal.begin("clone", Mapping([("vm", "b"), ("uuid", "u-2"), ("source_uuid", "u-1")]))
            #expect(throws: Diagnostics.self) { try journal.refuseUnsettled("u-1") }
            try clone.record("undone")
            try journal.refuseUnsettled("u-1")
        }
    }

    @Test func namesAreChecked() throws {
        for name in ["web1", "a", "0.b-c_d", String(repeating: "x", count: 63)] {
            try MachineName.validate(name, for: "a VM")
        }
        for name in ["", ".a", "-a", "_a", "a b", "a/b", "ä", "a\n", String(repeating: "x", count: 64)] {
            #expect(throws: Diagnostics.self, "\(name)") { try MachineName.validate(name, for: "a VM") }
        }
    }

    private func objection(to change: (inout ChangeRequest) throws -> Void) throws -> String? {
        var request = ChangeRequest()
        try change(&request)
        do throws(Diagnostics) {
            try request.validate()
            return nil
        } catch {
            return error.all.map(\.summary).joined(separator: "; ")
        }
    }

    @Test func refusesChangesThatCannotBe() throws {
        #expect(try objection { $0.addedDisks = [try DiskRequest(argument: "name=x")] }?.contains("size") == true)
        #expect(
            try objection { $0.addedDisks = [try DiskRequest(argument: "size=1G,image=i")] }?.contains("image") == true)
        #expect(
            try objection { $0.addedNICs = [try NICRequest(argument: "model=virtio")] }?.contains("nowhere") == true)
        #expect(try objection { $0.addedNICs = [try NICRequest(argument: "bridge=b,ip=10.0.0.1/8")] } != nil)
        #expect(try objection { $0.boot = ["disk", "floppy"] }?.contains("floppy") == true)
        #expect(try objection { $0.boot = ["disk", "disk"] }?.contains("twice") == true)
        #expect(
            try objection { $0.addedDisks = [try DiskRequest(argument: "source=/a,device=floppy")] }?.contains("floppy")
                == true)
        #expect(try objection { $0.addedDisks = [try DiskRequest(argument: "1G")] } == nil)
        #expect(ChangeRequest().isEmpty)
    }
}
