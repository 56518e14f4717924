import Foundation
import Testing
import Values

@testable import Fleet

@Suite struct ImageTests {
    /// A qcow2 header of version 3 with a virtual size in MiB.
    private static func qcow2(
        version: UInt8 = 3, mebibytes: UInt64 = 64, backing: UInt8 = 0, dataFile: Bool = false,
        crypt: UInt8 = 0
    )
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes.replaceSubrange(0..<8, with: [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, version])
        bytes[15] = backing
        let size = mebibytes << 20
        for index in 0..<8 { bytes[24 + index] = UInt8(truncatingIfNeeded: size >> UInt64(56 - 8 * index)) }
        if dataFile { bytes[79] = 4 }
        bytes[35] = crypt
        return bytes
    }

    private static func raw() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes[510] = 0x55
        bytes[511] = 0xAA
        return bytes
    }

    @Test func headersAreRead() throws {
        let qcow2 = try ImageHeader(Self.qcow2(), fileSize: 512, name: "a")
        #expect(qcow2.format == .qcow2)
        #expect(qcow2.virtualSize == 64 << 20)
        let raw = try ImageHeader(Self.raw(), fileSize: 1 << 20, name: "b")
        #expect(raw.format == .raw)
        #expect(raw.virtualSize == 1 << 20)
    }

    @Test(arguments: [
        (Array("#!/bin/sh\n".utf8), "is no disk image"), ([], "is no disk image"),
        (Array(qcow2().prefix(60)), "is cut off"), (qcow2(version: 9), "version 9"),
        (qcow2(backing: 1), "stands on another file"), (qcow2(mebibytes: 0), "impossible size"),
        (qcow2(dataFile: true), "keeps its data in another file"), (qcow2(crypt: 2), "is encrypted"),
    ])
    func whatIsNoImageIsRefused(_ bytes: [UInt8], _ reason: String) {
        let problem = #expect(throws: Diagnostic.self) {
            try ImageHeader(bytes, fileSize: bytes.count, name: "image")
        }
        #expect(problem?.summary.contains(reason) == true)
    }

    @Test func imagesAreKeptByContent() async throws {
        try await ScratchFleet.with { fleet in
            let store = ImageStore(fleet.directory)
            let file = fleet.root + "/my image.qcow2"
            try Data(Self.qcow2()).write(to: URL(fileURLWithPath: file))
            let image = try await store.add(file: file, name: "base")
            #expect(image.digest.count == 64)
            #expect(try store.find("base") == image)
            #expect(try store.find(String(image.digest.prefix(8))).digest == image.digest)
            #expect(try await store.add(file: file, name: "other").digest == image.digest)
            #expect(try store.list().map(\.name) == ["base", "other"])
            try Data(Self.raw()).write(to: URL(fileURLWithPath: file))
            await #expect(throws: Diagnostic.self, "a name stands for one content") {
                try await store.add(file: file, name: "base")
            }
            #expect(try await store.add(file: file, name: "base", replace: true).header.format == .raw)
            #expect(throws: Diagnostic.self) { try store.find("bas") }
            await #expect(throws: Diagnostic.self) { try await store.add(file: file, name: "../x") }
        }
    }
}
