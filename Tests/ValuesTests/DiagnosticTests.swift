import Testing
import Values

@Suite struct DiagnosticTests {
    let source = SourceText(name: "roles/web/init.sls", text: "a:\n\tb: 1\n  file.managed: [mod: 0644]\n日本語: \u{1B}[31m x\u{202E}y\n")

    @Test func everythingIsShown() {
        let diagnostic = Diagnostic.error(
            "unknown argument \"mod\" for \"file.managed\"", detail: "found \"mod\"\nexpected one of \"mode\"",
            hint: "did you mean \"mode\"?", mark: source.mark(line: 3, column: 18), host: "web-03")
        #expect(
            diagnostic.rendered(colored: false) == """
                web-03: error: unknown argument "mod" for "file.managed"
                 --> roles/web/init.sls:3:18
                  |
                3 |   file.managed: [mod: 0644]
                  |                  ^^^
                  = found "mod"
                    expected one of "mode"
                  = help: did you mean "mode"?
                """)
    }

    @Test func tabsKeepTheUnderlineInPlace() {
        let shown = Diagnostic.warning("tab", mark: source.mark(line: 2, column: 2)).rendered(colored: false)
        #expect(shown.hasSuffix("2 |     b: 1\n  |     ^"))
        #expect(shown.hasPrefix("warning: tab\n"))
    }

    @Test func nothingSteersTheTerminal() {
        let diagnostic = Diagnostic.error(
            "bad \u{1B}]0;x\u{7}\nname", detail: "\u{9B}31m\u{1B}[2J", hint: "\u{202E}evil\r",
            mark: source.mark(line: 4, column: 6), host: "h\u{1B}[1m")
        let shown = diagnostic.rendered(colored: false)
        let bad = shown.unicodeScalars.filter { ($0.value < 0x20 && $0 != "\n") || (0x7F..<0xA0).contains($0.value) || $0 == "\u{202E}" }
        #expect(bad.isEmpty)
        #expect(shown.contains(#"日本語: \u{1b}[31m x\u{202e}y"#))
        #expect(shown.hasPrefix(#"h\u{1b}[1m: error: bad \u{1b}]0;x\u{7}\nname"#))
    }

    @Test func longLinesAreCutAroundThePlace() {
        let long = SourceText(name: "f", text: String(repeating: "x ", count: 500) + "here " + String(repeating: "y ", count: 500))
        let lines = Diagnostic.error("long", mark: long.mark(line: 1, column: 1001)).rendered(colored: false).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count < 130 })
        let start = lines[3].firstRange(of: "here")?.lowerBound
        #expect(start.map { lines[3].distance(from: lines[3].startIndex, to: $0) } == lines[4].firstIndex(of: "^").map { lines[4].distance(from: lines[4].startIndex, to: $0) })
    }

    @Test(arguments: [(0, 0), (1, 0), (99, 1), (3, 999), (-1, -1)])
    func placesOutsideTheTextAreHarmless(line: Int, column: Int) {
        let mark = Mark(source: source, line: line, column: column)
        #expect(Diagnostic.error("x", mark: mark).rendered(colored: false).hasPrefix("error: x\n"))
    }

    @Test func coloursOnlyWhenAskedFor() {
        #expect(Diagnostic.error("x").rendered(colored: true).contains("\u{1B}[31;1m"))
        #expect(!Diagnostic.error("x").rendered(colored: false).contains("\u{1B}"))
    }
}
