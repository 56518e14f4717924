import Foundation
import TestSupport
import Testing

/// The house's edges: which target may import which. Down only, nothing sideways.
private let allowed: [String: Set<String>] = [
    "CLibYAML": [], "CLibSSH2": [], "CGnuTLS": [], "CLibvirt": [],
    "Values": ["CLibYAML", "OrderedCollections"],
    "Jinja": ["Values"],
    "SSH": ["CLibSSH2"],
    "PKI": ["CGnuTLS"],
    "Hypervisor": ["CLibvirt"],
    "Inventory": ["Values"],
    "States": ["Jinja", "Values"],
    "Modules": ["States", "Values"],
    "Fleet": [
        "Inventory", "States", "Modules", "Jinja", "SSH", "PKI", "Hypervisor", "Values", "Logging", "Subprocess",
    ],
    "Lab": ["Values", "Subprocess"],
    "CLI": [
        "Fleet", "Lab", "Inventory", "States", "Modules", "Jinja", "SSH", "PKI", "Hypervisor", "Values",
        "ArgumentParser",
        "Logging",
    ],
]
private let system: Set<String> = ["Glibc", "FoundationEssentials", "Dispatch", "Synchronization", "SystemPackage"]
private let pure: Set<String> = ["Inventory", "States", "Modules", "Jinja"]

private func sources() throws -> [(target: String, path: String, text: String)] {
    let root = Checkout.root + "/Sources"
    let walker = try #require(FileManager.default.enumerator(atPath: root))
    return try walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map { path in
        let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
        return (String(path.prefix { $0 != "/" }), path, text)
    }
}

private func imports(in text: String) -> [String] {
    text.split(separator: "\n").filter { $0.contains("import ") }.compactMap { line in
        line.firstMatch(
            of:
                /^(?:@\w+ )?(?:public |package |internal |private |fileprivate )?import (?:struct |class |enum |func )?(\w+)/
        )
        .map { String($0.1) }
    }
}

@Suite struct HouseTests {
    @Test func everyImportIsAnAllowedEdge() throws {
        let files = try sources()
        #expect(Set(files.map(\.target)) == Set(allowed.keys.filter { !$0.hasPrefix("C") || $0 == "CLI" }))
        for file in files {
            let edges = try #require(allowed[file.target], "no such room in the house: \(file.target)")
            for name in imports(in: file.text) where !system.contains(name) {
                #expect(edges.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func theManifestDeclaresOnlyAllowedEdges() throws {
        let text = try String(contentsOfFile: Checkout.root + "/Package.swift", encoding: .utf8)
        let house = text.prefix(upTo: try #require(text.range(of: "name: \"TestSupport\"")).lowerBound)
        let declaration = /\.(?:target|executableTarget)\(\s*name: "(\w+)",\s*dependencies: \[(.*?)\]\s*[,)]/
            .dotMatchesNewlines()
        var seen: Set<String> = []
        for match in house.matches(of: declaration) {
            let target = match.1 == "drover" ? "CLI" : String(match.1)
            let edges = try #require(allowed[target])
            seen.insert(target)
            let names = match.2.replacing(/(?:name|package): "[^"]*"/, with: "")
            for dependency in names.matches(of: /"(\w+)"/) {
                #expect(edges.contains(String(dependency.1)), "\(target) depends on \(dependency.1)")
            }
        }
        #expect(seen == Set(allowed.keys.filter { !$0.hasPrefix("C") || $0 == "CLI" }))
    }

    @Test func eachCLibraryHasOneImporter() throws {
        for library in ["CLibYAML", "CLibSSH2", "CGnuTLS", "CLibvirt"] {
            let importers = Set(try sources().filter { imports(in: $0.text).contains(library) }.map(\.target))
            #expect(importers.count == 1, "\(library) is imported by \(importers.sorted())")
        }
    }

    @Test func nothingImportsAllOfFoundation() throws {
        for file in try sources() {
            #expect(!imports(in: file.text).contains("Foundation"), "\(file.path)")
        }
    }

    @Test func thePureMiddleTouchesNoMachine() throws {
        for file in try sources() where pure.contains(file.target) {
            let used = Set(imports(in: file.text)).intersection(["Glibc", "Dispatch", "Subprocess", "SystemPackage"])
            #expect(used.isEmpty || Self.onlyMathematics(file.text), "\(file.path) imports \(used)")
        }
    }

    /// `Glibc` for `pow` or `fmod` is arithmetic, not a machine.
    private static func onlyMathematics(_ text: String) -> Bool {
        let calls = /\b(open|read|write|socket|fork|getenv|time|clock_gettime|stat|opendir|popen|system)\(/
        return text.firstMatch(of: calls) == nil
    }

    @Test func filesKeepTheirBudget() throws {
        let lengths = try sources().map {
            ($0.path, $0.text.split(separator: "\n", omittingEmptySubsequences: false).count)
        }
        for (path, length) in lengths { #expect(length <= 700, "\(path) has \(length) lines") }
        let sorted = lengths.map(\.1).sorted()
        #expect(sorted[sorted.count / 2] <= 120)
        #expect(sorted[sorted.count * 95 / 100] <= 450)
    }
}
