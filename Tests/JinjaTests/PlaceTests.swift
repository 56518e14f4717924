import Jinja
import Testing
import Values

/// Errors point at the place in the template, and rendered lines lead back to it.
@Suite struct PlaceTests {
    @Test(
        arguments: [
            ("a\n  {{ pilar.x }}", "\"pilar\" is undefined", 2, 6, "did you mean \"pillar\"?"),
            ("{{ pillar.virt.nick }}", "\"pillar.virt.nick\" is undefined", 1, 16, "did you mean \"nic\"?"),
            ("{{ pillar['virt']['nick'] }}", "\"pillar['virt']['nick']\" is undefined", 1, 18, "did you mean \"nic\"?"),
            ("{{ 'x'|uper }}", "there is no filter \"uper\"", 1, 8, "did you mean \"upper\"?"),
            ("{% if 1 is evn %}{% endif %}", "there is no test \"evn\"", 1, 12, "did you mean \"even\"?"),
            ("\n{% iff x %}", "unknown tag \"iff\"", 2, 4, "did you mean \"if\"?"),
            ("x\n{% for a in b %}\n", "missing \"{% endfor %}\" of this \"for\"", 2, 1, nil),
            ("{{ 'x'.uppr() }}", "text has no \"uppr\"", 1, 8, "did you mean \"upper\"?"),
            (
                "{{ 'a' + 1 }}", "cannot combine text and a whole number by \"+\"", 1, 4,
                "use \"~\" to join anything as text"
            ),
            ("{{ 'é' ~ (1 +) }}", "unexpected \")\", expected an expression", 1, 14, nil),
            ("{% include 'nope' %}", "template \"nope\" was not found", 1, 12, nil),
            ("{{ 'a'|indent(wdth=1) }}", "\"indent\" has no argument \"wdth\"", 1, 8, "did you mean \"width\"?"),
            ("{% do raise('no way') %}", "no way", 1, 7, nil),
            ("{% set x = pillar.nope %}\n{{ x }}", "\"pillar.nope\" is undefined", 1, 19, nil),
            ("{% load_yaml as x %}\na: 1\nb: [1\n{% endload %}", "", 0, 0, nil),
            ("{% break %}", "\"break\" outside of a loop", 1, 4, nil),
        ] as [(String, String, Int, Int, String?)])
    func pointsAtTheMistake(_ text: String, _ summary: String, _ line: Int, _ column: Int, _ hint: String?) throws {
        let found = try #require(problem(text, ["pillar": .value(["virt": ["nic": 1, "disk": 2]])]))
        let mark = try #require(found.mark)
        #expect(mark.source.name == "test.sls")
        guard line > 0 else {
            #expect((2...4).contains(mark.line))
            return
        }
        #expect(found.summary == summary)
        #expect(mark.line == line)
        #expect(mark.column == column)
        if let hint { #expect(found.hint == hint) }
    }

    @Test func errorsInOtherTemplatesSayHowTheyCameToRun() throws {
        let files = ["lib": "{% macro m() %}\n{{ nope }}{% endmacro %}", "inc": "\n\n{{ nope }}"]
        let inMacro = try #require(problem("{% import 'lib' as l %}\n{{ l.m() }}", files: files))
        #expect(inMacro.mark?.description == "lib:2:4")
        #expect(inMacro.detail == "called from test.sls:2:6")
        let inInclude = try #require(problem("{% include 'inc' %}", files: files))
        #expect(inInclude.mark?.description == "inc:3:4")
        #expect(inInclude.detail == "included from test.sls:1:1")
    }

    @Test func functionsErrorsGetTheCallsPlace() throws {
        let function = JinjaFunction("f") { _ in throw Diagnostic.error("broken", hint: "mend it") }
        let found = try #require(problem("\n {{ f(1) }}", ["f": .function(function)]))
        #expect(found == .error("broken", hint: "mend it", mark: found.mark))
        #expect(found.mark?.line == 2)
        #expect(found.mark?.column == 5)
    }

    @Test func linesLeadBackToTheTemplate() throws {
        let text = """
            {% set x = 1 %}
            a: 1
            {%- for i in [1, 2] %}
              b{{ i }}: {{ i }}
            {%- endfor %}
            {{ {'k': [1, 2]}|yaml(false) }}
            {% include 'inc' %}
            end: 1
            """
        let result = try rendered(text, files: ["inc": "\ni: 1"])
        let origins = result.source.origins.map { $0.map { "\($0.source.name):\($0.line):\($0.column)" } }
        let lines = result.source.lines.map(String.init)
        #expect(lines == ["", "a: 1", "  b1: 1", "  b2: 2", "k:", "- 1", "- 2", "", "i: 1", "end: 1"])
        #expect(
            origins[1...] == [
                "test.sls:2:1", "test.sls:4:3", "test.sls:4:3", "test.sls:6:1", "test.sls:6:1", "test.sls:6:1",
                "inc:1:1", "inc:2:1",
                "test.sls:8:1",
            ])
    }

    @Test func mistakesInRenderedYAMLAreShownInTheTemplate() throws {
        let result = try rendered("{% if true %}\n\na: 1\na: 2\n{% endif %}\n")
        do throws(Diagnostics) {
            _ = try YAML.read(result.source)
            Issue.record("duplicate key was accepted")
        } catch {
            #expect(error.all.first?.mark?.line == 4)
        }
    }

    @Test func dataKeepsItsMarks() throws {
        let source = SourceText(name: "pillar.yaml", text: "a:\n  b: [1, two]\n  c: x\n")
        let pillar = try YAML.read(source)
        let exports = try rendered(
            "{% set whole = pillar %}{% do pillar.a.update({'new': 1}) %}{% load_yaml as y %}\nk: v\n{% endload %}",
            ["pillar": .value(pillar)]
        ).exports
        #expect(exports["whole"]?["a"]?["c"]?.mark?.line == 3)
        #expect(exports["whole"]?["a"]?["b"]?.list?[1].mark?.line == 2)
        #expect(exports["whole"]?["a"]?["new"] == 1)
        #expect(exports["y"]?["k"]?.mark?.description == "test.sls:2:1" || exports["y"]?["k"]?.mark?.line == 2)
    }
}
