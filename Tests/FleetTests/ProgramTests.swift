import Subprocess
import SystemPackage
import Testing

@testable import Fleet

@Suite struct ProgramTests {
    @Test func whatIsThereIsNamedByItsPath() {
        let shell = Program.named("sh")
        #expect(shell == .path("/usr/bin/sh") || shell == .path("/bin/sh"))
        // Left to fail where it is started, with the words for that.
        #expect(Program.named("no-such-program") == .name("no-such-program"))
        #expect(Program.named("/bin/sh") == .name("/bin/sh"))
    }
}
