internal import Glibc
internal import Hypervisor
package import Inventory
internal import SSH
internal import Subprocess
internal import SystemPackage
package import Values

/// The graphical console of a VM, brought to a port of this machine through SSH: it listens on its host's loopback only.
package struct MachineDisplay: Sendable {
    /// A display that can be connected to while this lives.
    package struct Opened: Sendable {
        package let host: Host
        /// Such as `vnc://127.0.0.1:35901`.
        package let address: String
        private let forward: LocalForward?
        private let shell: (any HostConnection)?

        fileprivate init(host: Host, address: String, forward: LocalForward?, shell: (any HostConnection)?) {
            self.host = host
            self.address = address
            self.forward = forward
            self.shell = shell
        }

        /// Carries what is connected there until the task is cancelled.
        package func serve(failed: @escaping @Sendable (Diagnostic) -> Void) async {
            if let forward {
                let name = host.name
                await forward.serve { failed($0.diagnostic(host: name)) }
            } else {
                // Nothing to carry: the host is this machine.
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            }
        }

        package func close() async {
            forward?.close()
            await shell?.close()
        }
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameters:
    ///   - kind: `vnc` or `spice`; the first display if nil.
    ///   - local: the port on this machine; 0 for any.
    /// - Throws: `Diagnostics` when there is no such display, ``HostProblem``.
    package func open(_ name: String, kind: String?, local: Int) async throws -> Opened {
        let found = try await MachineAccess(context, driver: driver).findRunning(name)
        try found.host.require(.display)
        let connection = try await driver.connect(to: found.host)
        let displays: [DomainDisplay]
        do throws(HypervisorError) {
            displays = try await connection.description(of: .uuid(found.machine.uuid)).displays
            await connection.close()
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
        let display = try Self.choose(kind, among: displays, found)
        let port = try Self.port(display, found)
        // What listens everywhere listens on the loopback too.
        let target = ["0.0.0.0", "::", ""].contains(display.address) ? "127.0.0.1" : display.address
        let shell = try await context.connector.connect(to: found.host)
        guard let session = shell.session else {
            await shell.close()
            return Opened(
                host: found.host, address: "\(display.kind.rawValue)://\(target):\(port)", forward: nil, shell: nil)
        }
        do throws(SSHError) {
            let forward = try LocalForward(over: session, to: target, port: port, local: local)
            return Opened(
                host: found.host, address: "\(display.kind.rawValue)://127.0.0.1:\(forward.port)", forward: forward,
                shell: shell)
        } catch {
            await shell.close()
            throw Diagnostics(error.diagnostic(host: nil))
        }
    }

    private static func choose(
        _ kind: String?, among displays: [DomainDisplay], _ found: MachineCensus.Found
    ) throws(Diagnostics) -> DomainDisplay {
        if let display = displays.first(where: { kind == nil || $0.kind.rawValue == kind }) { return display }
        let has = displays.map(\.kind.rawValue).joined(separator: ", ")
        throw Diagnostics(
            .error(
                "\"\(found.machine.name)\" has no \(kind.map { $0.uppercased() + " " } ?? "")display",
                detail: has.isEmpty ? nil : "it has \(has)",
                hint: has.isEmpty
                    ? "`drover vm console` shows its serial console; create it with --graphics vnc for a screen" : nil,
                host: found.host.name))
    }

    private static func port(_ display: DomainDisplay, _ found: MachineCensus.Found) throws(Diagnostics) -> Int {
        if let port = display.port ?? display.tlsPort { return port }
        throw Diagnostics(
            .error(
                "the display of \"\(found.machine.name)\" has no port",
                detail: display.socket.map { "it listens on the socket \($0)" },
                hint: "only displays with a TCP port can be brought here", host: found.host.name))
    }

    /// A viewer on this machine that can show it, and how it is called; nil where there is no screen or none is
    /// installed. Passwords are asked for by the viewer.
    package static func viewer(for address: String) -> [String]? {
        guard getenv("DISPLAY") != nil || getenv("WAYLAND_DISPLAY") != nil else { return nil }
        let place = address.split(separator: "/").last.map(String.init) ?? ""
        var viewers = [["remote-viewer", address]]
        if address.hasPrefix("vnc:") {
            // RealVNC's and TigerVNC's notation for a port rather than a number of a display.
            viewers.append(["vncviewer", place.split(separator: ":").joined(separator: "::")])
        }
        return viewers.first { isProgram($0[0]) }
    }

    /// Runs a viewer to its end; ends it when the task is cancelled.
    package static func run(_ viewer: [String]) async {
        _ = try? await Subprocess.run(
            .name(viewer[0]), arguments: Arguments(Array(viewer.dropFirst())), output: .discarded, error: .discarded)
    }

    private static func isProgram(_ name: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access(DiskPath.join(String($0), name), X_OK) == 0 }
    }
}
