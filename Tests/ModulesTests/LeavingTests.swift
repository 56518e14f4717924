import Foundation
import TestSupport
import Testing

@testable import Modules

/// What states keep of a host before they change it, and that it comes back when the host leaves the fleet.
@Suite struct LeavingTests {
    private static let states = """
        set -u
        me=0 tab='\t' nl='
        '
        mkdir -p /etc/app /srv
        echo old >/etc/app/known; ln -s known /etc/app/link; echo mine >/etc/app/theirs; echo gone >/etc/app/gone
        write() { keep_original "$1"; echo "$2" >"$1"; sum=$(sha256sum <"$1"); note_written "${sum%% *}" "$1"; }
        write /etc/app/known new
        write /etc/app/known newer
        write /etc/app/made here
        write '/etc/app/with $(touch x) '"'q'" here
        write /etc/app/theirs ours
        keep_original /etc/app/link; rm /etc/app/link; ln -s made /etc/app/link
        keep_original /etc/app/gone; rm /etc/app/gone
        keep_tree /etc/app/versions; mkdir -p /etc/app/versions/1; echo key >/etc/app/versions/1/key
        keep_original /etc/fresh; mkdir /etc/fresh; write /etc/fresh/file here
        keep_original /tmp/scratch
        made_known=
        keep_original /etc/app/known
        echo 'what somebody else wrote' >/etc/app/theirs
        """

    private static let look = """
        cat /etc/app/known /etc/app/theirs /etc/app/gone; readlink /etc/app/link
        ls -A /etc/app; ls -d /etc/fresh /var/lib/drover 2>&1
        """

    @Test(arguments: [HostShell.bare]) func aHostIsLeftAsItWasFound(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let leave = try String(contentsOfFile: "\(Checkout.root)/Sources/Fleet/Shell/host-leave.sh", encoding: .utf8)
        func run(_ text: String) async throws -> String {
            let ended = try await host.run(["-c", text])
            return String(decoding: ended.output, as: UTF8.self) + ended.error
        }
        #expect(try await run(ShellLibrary.made.text + Self.states) == "")
        let shown = try await run("what=look\n" + leave)
        #expect(try await run(Self.look).contains("newer"), "looking changes nothing")
        let done = try await run("what=act\n" + leave)
        #expect(Set(done.split(separator: "\n")) == Set(shown.split(separator: "\n")))
        let expected = [
            "remove\t/etc/app/made", "remove\t/etc/app/with $(touch x) 'q'", "restore\t/etc/app/known",
            "restore\t/etc/app/link", "restore\t/etc/app/gone", "changed\t/etc/app/theirs",
            "remove\t/etc/app/versions", "remove\t/etc/fresh", "remove\t/etc/fresh/file",
        ]
        #expect(Set(done.split(separator: "\n").map(String.init)) == Set(expected), "\(done)")
        #expect(
            try await run(Self.look) == """
                old
                what somebody else wrote
                gone
                known
                gone
                known
                link
                theirs
                ls: /etc/fresh: No such file or directory
                ls: /var/lib/drover: No such file or directory

                """)
        #expect(try await run("what=act\n" + leave) == "unrecorded\t/var/lib/drover/made\n")
    }
}
