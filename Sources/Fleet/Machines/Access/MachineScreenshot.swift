internal import Hypervisor
internal import Inventory
internal import Subprocess
internal import SystemPackage
internal import Values

/// A picture of a VM's screen, as PNG.
package struct MachineScreenshot: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameter screen: the number of the screen, from 0.
    /// - Throws: `Diagnostics` when it is off, or has no screen; ``HostProblem``.
    package func take(_ name: String, screen: Int) async throws -> [UInt8] {
        let found = try await MachineAccess(context, driver: driver).findRunning(name)
        try found.host.require(.screenshot)
        let connection = try await driver.connect(to: found.host)
        let picture: Screenshot
        do throws(HypervisorError) {
            picture = try await connection.screenshot(of: .uuid(found.machine.uuid), screen: UInt32(clamping: screen))
            await connection.close()
        } catch {
            let hasScreen = (try? await connection.description(of: .uuid(found.machine.uuid)))?.hasScreen ?? true
            await connection.close()
            guard hasScreen else { throw Diagnostics(Self.blind(found)) }
            throw HostProblem(error, host: found.host.name)
        }
        if picture.bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return picture.bytes }
        guard PixmapHeader(picture.bytes) != nil else {
            throw HostProblem(
                .failed,
                .error(
                    "the picture of \"\(name)\" is neither PNG nor PPM",
                    detail: "the host called it \(Printable.line(picture.mediaType))", host: found.host.name))
        }
        return try await Self.png(picture.bytes)
    }

    private static func blind(_ found: MachineCensus.Found) -> Diagnostic {
        .error(
            "\"\(found.machine.name)\" has no display device", detail: "there is no screen to take a picture of",
            hint:
                "`drover vm console \(found.machine.name)` shows its serial console; --graphics vnc gives a VM a screen",
            host: found.host.name)
    }

    private static func png(_ pixmap: [UInt8]) async throws -> [UInt8] {
        let result: ExecutionResult<Void, BytesOutput, StringOutput<UTF8>>
        do {
            result = try await run(
                Program.named("pnmtopng"), arguments: ["-quiet"], input: .array(pixmap), output: .bytes(limit: 256 << 20),
                error: .string(limit: 1 << 12))
        } catch {
            throw Diagnostics(
                .error(
                    "cannot make a PNG: pnmtopng did not start", detail: "\(error)",
                    hint: "install the package netpbm on this machine"))
        }
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw Diagnostics(.error("cannot make a PNG: pnmtopng failed", detail: result.standardError))
        }
        return result.standardOutput
    }
}

/// What a binary PPM says of itself: `P6`, width, height, 255. Nil when the bytes are not one, whole and sane: they come from
/// another machine.
struct PixmapHeader: Equatable {
    let width: Int
    let height: Int

    init?(_ bytes: [UInt8]) {
        var words: [String] = []
        var word = ""
        var index = 0
        while words.count < 4, index < min(bytes.count, 64) {
            let scalar = Character(UnicodeScalar(bytes[index]))
            if scalar.isWhitespace {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(scalar)
            }
            index += 1
        }
        guard words.count == 4, words[0] == "P6", words[3] == "255", let width = Int(words[1]),
            let height = Int(words[2]), (1...32_768).contains(width), (1...32_768).contains(height),
            bytes.count == index + width * height * 3
        else { return nil }
        self.width = width
        self.height = height
    }
}

extension DomainDescription {
    /// Whether it has a device that draws.
    fileprivate var hasScreen: Bool {
        document.first("devices")?.all("video").contains { $0.first("model")?[attribute: "type"] != "none" } ?? false
    }
}
