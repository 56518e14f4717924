import Foundation
import Jinja
import TestSupport
import Testing
import Values

/// What Jinja2 itself made of a table of templates (see Fixtures/record.py) is what this library must make of them.
@Suite struct RecordedCases {
    struct Case: Sendable, CustomTestStringConvertible {
        let template: String
        let context: [String: JinjaValue]
        let trims: Bool
        /// Nil when Jinja2 reports an error.
        let output: String?
        var testDescription: String { template }
    }

    static let document: Value = {
        let path = Checkout.root + "/Tests/JinjaTests/Fixtures/cases.json"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return (try? JSON.read(SourceText(name: path, text: text))) ?? .null
    }()

    static let files: [String: String] = (document["files"]?.map ?? Mapping()).reduce(into: [:]) { files, entry in
        files[entry.key.string ?? ""] = entry.value.string
    }

    static let cases: [Case] = {
        let contexts = (document["contexts"]?.list ?? []).map { context in
            (context.map ?? Mapping()).reduce(into: [String: JinjaValue]()) {
                $0[$1.key.string ?? ""] = .value($1.value)
            }
        }
        return (document["cases"]?.list ?? []).compactMap { entry in
            guard let template = entry["template"]?.string, let index = entry["context"]?.int else { return nil }
            return Case(
                template: template, context: contexts[index], trims: entry["trim"]?.bool ?? false,
                output: entry["output"]?.string)
        }
    }()

    @Test func fixturesAreThere() { #expect(Self.cases.count > 250) }

    @Test(arguments: cases) func rendersAsJinja2(_ item: Case) throws {
        let environment = Environment(
            load: { path in Self.files[path].map { SourceText(name: path, text: $0) } }, trimBlocks: item.trims,
            lstripBlocks: item.trims, keepsFinalNewline: false)
        let source = SourceText(name: "case", text: item.template)
        do throws(Diagnostics) {
            let text = try Template(source).render(item.context, environment: environment).text
            #expect(text == item.output)
        } catch {
            let problem = error.all.first
            #expect(item.output == nil, "\(problem?.summary ?? "") \(problem?.detail ?? "")")
            #expect(problem?.mark != nil)
        }
    }
}
