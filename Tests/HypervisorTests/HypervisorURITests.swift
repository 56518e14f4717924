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

    @Test(arguments: [
        ("lxc:///", "lxc", nil, false, "/"), ("qemu+tls://hv1/system", "qemu", "tls", true, "/system"),
        ("test:///default?a=b", "test", nil, false, "/default"),
        ("xen+ssh://root@[fd00::1]:22/", "xen", "ssh", true, "/"),
    ])
    func partsOfAURI(_ text: String, _ driver: String, _ transport: String?, _ named: Bool, _ path: String) throws {
        let uri = try HypervisorURI(text)
        #expect(uri.driver == driver && uri.transport == transport && uri.namesHost == named && uri.path == path)
    }

    @Test func keysAreAddedWhereNoneAreNamed() throws {
        let plain = try HypervisorURI("lxc+tls://hv1/").withKeys("/a b")
        #expect(plain.text == "lxc+tls://hv1/?pkipath=/a%20b&no_tty=1")
        #expect(plain.host == "hv1")
        let own = "qemu+tls://hv1/system?pkipath=/own"
        #expect(try HypervisorURI(own).withKeys("/other").text == own)
        #expect(try HypervisorURI("lxc:///").withKeys("/other").text == "lxc:///")
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
