internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMDisplay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "display", abstract: "Show a VM's screen",
        discussion: """
            The display listens on its host's loopback only. A port of this machine is led there through SSH, and a viewer is
            opened (remote-viewer or vncviewer); without a graphical session, or with --print, the address is printed and the
            tunnel stays until Ctrl-C. A display's password is asked for by the viewer. A display without one is open to
            everybody with an account on this machine while the tunnel stands.

            EXAMPLES
              drover vm display web1
              drover vm display web1 --print --port 5901
            """)
    @Argument(help: "VM") var name: String
    @Flag(name: .customLong("print"), help: "Print the address, open no viewer") var printsOnly = false
    @Option(help: "vnc or spice; the VM's first display if not given") var kind: DisplayKind?
    @Option(help: "Port on 127.0.0.1; any free one if not given") var port = 0
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port must be 1 to 65535") }
    }

    func run() async throws {
        let context = try common.context()
        let display = MachineDisplay(context, driver: try common.hypervisors(context))
        let opened = try await display.open(name, kind: kind?.rawValue, local: port)
        let viewer = printsOnly ? nil : MachineDisplay.viewer(for: opened.address)
        let value: Value = [
            "vm": Value(name), "host": Value(opened.host.name), "address": Value(opened.address),
        ]
        Output.write(value, common.format) { opened.address + "\n" }
        Terminal.note(viewer.map { "shown by \($0[0])" } ?? "the tunnel stays open until Ctrl-C")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await opened.serve { Terminal.show([$0]) } }
            if let viewer { group.addTask { await MachineDisplay.run(viewer) } }
            await group.next()
            group.cancelAll()
        }
        await opened.close()
    }
}

enum DisplayKind: String, ExpressibleByArgument, CaseIterable {
    case vnc, spice
}
