import Foundation
import Inventory
import TestSupport
import Testing
import Values

@testable import Fleet

/// How images are named and known, by tables.
@Suite struct ImageTableTests {
    private static func cases(_ file: String) -> [Value] {
        let path = Checkout.root + "/Tests/FleetTests/Fixtures/images/" + file
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let list = try? YAML.read(SourceText(name: file, text: text)).list
        else { return [] }
        return list
    }

    @Test(arguments: cases("references.yaml")) func referencesAreUnderstood(_ item: Value) throws {
        let text = try #require(item["text"]?.string)
        if item["refused"]?.bool == true {
            #expect(throws: Diagnostic.self, "\(text)") { try ImageReference(text) }
        } else {
            let reference = try ImageReference(text)
            #expect(reference.name == item["name"]?.string)
            #expect(reference.digest == item["digest"]?.scalarText)
        }
    }

    @Test(arguments: cases("checksums.yaml")) func checksumListsAreRead(_ item: Value) throws {
        func filled(_ text: String) -> String {
            text.replacing(/S(?![A-Z])/) { _ in String(repeating: "5", count: 64) }
                .replacing(/T(?![A-Z])/) { _ in String(repeating: "6", count: 64) }
                .replacing(/L(?![A-Z])/) { _ in String(repeating: "7", count: 128) }
        }
        let list = filled(try #require(item["list"]?.string))
        let source = item["source"]?.string ?? "https://x.example/CHECKSUM"
        let outcome = Result { try ImageChecksum(list: list, file: "a.qcow2", name: source) }
        switch outcome {
        case .success(let found): #expect(found.description == item["found"]?.string.map(filled))
        case .failure(let error):
            let problem = try #require(item["problem"]?.string, "\(error)")
            #expect((error as? Diagnostic)?.summary.contains(problem) == true)
        }
    }

    @Test(arguments: cases("catalogues.yaml")) func cataloguesAreChecked(_ item: Value) throws {
        let entry = try #require(item["entry"])
        let outcome = Result { try ImageCatalogue(Mapping([("thing", entry)])) }
        switch outcome {
        case .success(let catalogue):
            #expect(item["problem"] == nil)
            let found = try #require(catalogue.entry("thing"))
            if let shown = item["shown"]?.string { #expect(found.location.shown == shown) }
            #expect(!JSON.write(found.value).contains("secret"))
        case .failure(let error):
            let problem = try #require(item["problem"]?.string, "\(error)")
            #expect((error as? Diagnostics)?.all.first?.summary.contains(problem) == true)
        }
    }

    /// The sample inventory holds a catalogue, every entry of which is verified and comes encrypted.
    @Test func theSampleCatalogueHolds() throws {
        let path = Checkout.root + "/inventory/images.yaml"
        let source = SourceText(name: "images.yaml", text: try String(contentsOfFile: path, encoding: .utf8))
        let catalogue = try ImageCatalogue(try Inventory.load([source]).images)
        #expect(catalogue.entries.count >= 8)
        for entry in catalogue.entries {
            #expect(entry.location.scheme == "https" && entry.proof.checksum != nil && entry.login != nil)
        }
    }

    /// An entry of the user's own stands instead of one that comes along.
    @Test func ownEntriesWin() throws {
        let text = "images:\n  debian-12: {url: \"https://mirror.example/d.qcow2\"}\n"
        let inventory = try Inventory.load([SourceText(name: "hosts.yaml", text: text)])
        let found = try #require(try ImageCatalogue(inventory).entry("debian-12"))
        #expect(found.location.shown == "https://mirror.example/d.qcow2")
        #expect(found.proof.checksum == nil)
    }
}
