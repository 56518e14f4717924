import Foundation
import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Images that are told by where they lie.
@Suite struct ImageFileTests {
    @Test(arguments: [
        ("salt://images/centos.img", "centos"), ("drover://web/debian-12.qcow2.xz", "debian-12"),
        ("https://example.org/a/b.raw?x=1", "b"), ("/srv/images/alpine.qcow2", "alpine"), ("./here.img", "here"),
    ])
    func areCalledLikeTheirFiles(_ word: String, _ name: String) {
        #expect(ImageFile(word)?.name == name)
    }

    @Test func namesAreNames() {
        for word in ["debian-12", "debian-12:2026-11", "debian-12@sha256:9f86d081", "9f86d081"] {
            #expect(ImageFile(word) == nil)
        }
    }

    /// Also those of the disk profile that counts on the host.
    @Test func becomeImagesOfTheStore() async throws {
        try await ScratchFleet.with { fleet in
            let profile = "{virt: {disk: {default: [{system: {image: 'salt://images/base.img'}}]}}}"
            try fleet.write("hosts: {hv1: {roles: [hypervisor]}}\nvars: \(profile)\n", to: "inventory/hosts.yaml")
            for place in ["roles/images/base.img", "own.img"] {
                let path = fleet.root + "/" + place
                let folder = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                // A raw disk with a boot record.
                let image = [UInt8](repeating: UInt8(place.utf8.count), count: 510) + [0x55, 0xAA]
                try Data(image).write(to: URL(fileURLWithPath: path))
            }
            let context = try fleet.context()
            let host = try #require(context.inventory.hosts.first)
            var spec = MachineSpec(name: "web1", image: "./own.img")
            #expect(spec.imageFiles.map(\.name) == ["own"])
            let files = try spec.imageFiles(on: host)
            #expect(files.map(\.name) == ["own", "base"])
            for file in files { try await file.takeIn(context) { _ in } }
            #expect(try ImageStore(fleet.directory).list().map(\.name) == ["base", "own"])
            spec.nameImages()
            #expect(spec.image == "own")
            #expect(try ImageStore(fleet.directory).find("salt://images/base.img").name == "base")
            for word in ["salt://images/none.img", "salt://../own.img", "images/none.img"] {
                let file = try #require(ImageFile(word))
                #expect(throws: Diagnostics.self, "\(word)") { try file.source(in: fleet.directory) }
            }
        }
    }
}
