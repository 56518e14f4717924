import Hypervisor
import Testing

@Suite struct HypervisorURITests {
    @Test func madeFromAnAddress() throws {
        for line in try Fixture.lines("uris.txt") {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let directory = fields[2] == "-" ? nil : fields[2]
            let made = Result {
                try HypervisorURI.tls(address: fields[0], port: Int(fields[1]), pkiDirectory: directory)
            }
            expect(made.map(\.text), fields[3], line)
            expect(made.map(\.host), fields[3].hasPrefix("!") ? fields[3] : fields[0], line)
        }
    }

    @Test func readAsWritten() throws {
        for line in try Fixture.lines("written-uris.txt") {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            expect(Result { try HypervisorURI(fields[0]).host }, fields[1], line)
        }
    }

    /// `wanted` is the value, or `!` and a part of the message.
    private func expect(_ made: Result<String, any Error>, _ wanted: String, _ line: String) {
        switch made {
        case .success(let value): #expect(value == wanted, "\(line)")
        case .failure(let error):
            let message = (error as? HypervisorError)?.message ?? "\(error)"
            #expect(wanted.hasPrefix("!") && message.contains(wanted.dropFirst()), "\(line): \(message)")
        }
    }

    @Test func dataURIHasBracketsForIPv6() throws {
        #expect(try MigrationRequest.dataURI(address: "10.0.0.2") == "tcp://10.0.0.2")
        #expect(try MigrationRequest.dataURI(address: "fd00::2", port: 49152) == "tcp://[fd00::2]:49152")
    }
}
