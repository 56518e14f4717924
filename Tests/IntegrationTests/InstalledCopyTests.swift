import Foundation
import TestSupport
import Testing

extension OnALab {
    /// An installed copy needs nothing of the checkout that it was built in.
    @Suite struct InstalledCopyTests {
        /// A copy as `make install` lays it out.
        private func install(to prefix: String) throws {
            let files = FileManager.default
            for folder in ["bin", "share/drover"] {
                try files.createDirectory(atPath: prefix + "/" + folder, withIntermediateDirectories: true)
            }
            try files.copyItem(atPath: Drover.built, toPath: prefix + "/bin/drover")
            for folder in ["roles", "inventory"] {
                try files.copyItem(atPath: Checkout.root + "/" + folder, toPath: prefix + "/share/drover/" + folder)
            }
        }

        @Test func itWorksWithTheCheckoutMovedAway() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.converged()
            let prefix = fleet.folder + "/usr"
            try install(to: prefix)
            let mark = "# from the installed copy\n"
            try fleet.write("usr/share/drover/roles/marked/init.sls", mark + "marked:\n  test.nop\n")

            // In a mount namespace where nothing of the checkout's is to be seen.
            let hide = """
                for folder in roles inventory Sources docs; do mount -t tmpfs tmpfs "$0/$folder" || exit 99; done
                ! ls "$0/roles" | grep -q . || exit 99
                exec "$@"
                """
            var drover = fleet.drover.working(in: fleet.folder + "/installed-fleet")
            drover.executable = prefix + "/bin/drover"
            drover.prefix =
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, Checkout.root] + drover.prefix
            try await drover.must("init", drover.fleet)
            let role = try String(contentsOfFile: drover.fleet + "/roles/marked/init.sls", encoding: .utf8)
            #expect(role.hasPrefix(mark))

            let files = FileManager.default
            try files.removeItem(atPath: drover.fleet + "/inventory/hosts.yaml")
            for name in ["inventory/hosts.yaml", "inventory/known_hosts", "pki"] {
                try files.copyItem(atPath: fleet.drover.fleet + "/" + name, toPath: drover.fleet + "/" + name)
            }
            let check = try await drover("apply", "--check", "--detailed-exit-code")
            #expect(check.code == 0, check.words)
            #expect(check.output.contains(/hv1 +7 +0 +0/), check.words)
            let apply = try await drover("apply", "--format", "json")
            #expect(apply.code == 0, apply.words)
            #expect(try Tree(apply.output)["hv2"].map.values.allSatisfy { $0["changes"].map.isEmpty })
        }
    }
}
