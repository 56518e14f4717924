import TestSupport
import Testing
import Values

@Suite struct YAMLReadingTests {
    /// Rows of [text, kind, value]; PyYAML wrote them, except for what is text here on purpose, and for numbers with a
    /// leading zero: PyYAML reads 0644 as octal, 420, but Salt's loader strips the zeros, so that `{{ pillar.mode }}`
    /// writes 644. Templates written for Salt count on that.
    @Test(arguments: Fixtures.table("scalars.json"))
    func plainScalarsMeanWhatTheyMeanToSalt(row: [Value]) throws {
        let text = try #require(row[0].string)
        let value = try YAML.read(SourceText(name: "scalar", text: "- \(text)"))
        let item = try #require(value.list?.first)
        #expect(item.raw == text)
        switch (try #require(row[1].string), item.kind) {
        case ("null", .null): break
        case ("bool", .bool(let truth)): #expect(truth == row[2].bool)
        case ("int", .int(let number)): #expect(number == row[2].int)
        case ("double", .double(let number)): #expect("\(number)" == row[2].string)
        case ("string", .string(let text)): #expect(text == row[2].string)
        case (let wanted, _): Issue.record("\(text) read as \(item.kindName), expected \(wanted)")
        }
    }

    @Test(arguments: Fixtures.names("yaml", ending: ".yaml"))
    func documentsReadAsTheirJSON(name: String) throws {
        let value = try YAML.read(SourceText(name: name, text: Fixtures.text("yaml/\(name).yaml")))
        let wanted = try JSON.read(SourceText(name: name, text: Fixtures.text("yaml/\(name).json")))
        #expect(value == wanted, "read \(JSON.write(value, sortedKeys: false))")
        #expect(value.map?.keys == wanted.map?.keys, "the order of keys")
    }

    @Test(arguments: Fixtures.names("problems", ending: ".yaml"))
    func problemsAreShownAsWritten(name: String) throws {
        let source = try SourceText(name: "\(name).yaml", text: Fixtures.text("problems/\(name).yaml"))
        let failure = #expect(throws: Diagnostics.self) { try YAML.read(source) }
        if let error = failure {
            try Fixtures.expect(error.rendered(colored: false) + "\n", "problems/\(name).txt")
        }
    }

    @Test func nodesAndKeysKnowTheirPlaces() throws {
        let text = "a:\n  - ä: x\n    bb: [1, {c: é, d: ~}]\n"
        let value = try YAML.read(SourceText(name: "f", text: text))
        func place(_ value: Value?) -> String? { value?.mark?.description }
        let item = try #require(value["a"]?.list?.first)
        #expect(place(value) == "f:1:1")
        #expect(place(value.map?.key("a")) == "f:1:1")
        #expect(place(value["a"]) == "f:2:3")
        #expect(place(item.map?.key("ä")) == "f:2:5")
        #expect(place(item["ä"]) == "f:2:8")
        #expect(place(item.map?.key("bb")) == "f:3:5")
        let inner = try #require(item["bb"]?.list?.last)
        #expect(place(inner) == "f:3:13")
        #expect(place(inner["c"]) == "f:3:17")
        #expect(place(inner.map?.key("d")) == "f:3:20")
    }

    @Test func renderedTextPointsIntoItsTemplate() throws {
        let template = SourceText(name: "t.sls", text: "{% for x in y %}\nk: [\n{% endfor %}")
        let origin = template.mark(line: 2, column: 1)
        let rendered = SourceText(name: "rendered", text: "a: 1\na: 2\n", origins: [origin, origin])
        do throws(Diagnostics) {
            _ = try YAML.read(rendered)
            Issue.record("a duplicate key was read")
        } catch {
            #expect(error.all.first?.mark == origin)
        }
    }

    @Test func quotedTextHasNoRawText() throws {
        let value = try YAML.read(SourceText(name: "f", text: "- 0644\n- \"0644\"\n- '0644'\n- |-\n  0644\n"))
        #expect(value.list?.map(\.raw) == ["0644", nil, nil, nil])
        #expect(value == [644, "0644", "0644", "0644"])
    }

    @Test func keysOfAllScalarKinds() throws {
        let text = "1: int\n\"1\": text\nyes: truth\n~: nothing\n? complex\n: value\na b: spaced\n"
        let value = try YAML.read(SourceText(name: "keys", text: text))
        #expect(value == [1: "int", "1": "text", true: "truth", nil: "nothing", "complex": "value", "a b": "spaced"])
    }

    @Test func aliasesThatMultiplyAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        #expect(throws: Diagnostics.self) { try YAML.read(SourceText(name: "laughs", text: text)) }
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func deepNestingIsRefused(opening: String) {
        let text = String(repeating: opening, count: 20_000)
        #expect(throws: Diagnostics.self) { try YAML.read(SourceText(name: "deep", text: text)) }
    }

    @Test func noTextBreaksTheReader() throws {
        let seed = try Fixtures.names("yaml", ending: ".yaml").map { try Fixtures.text("yaml/\($0).yaml") }.joined()
        let scalars = Array(seed.unicodeScalars)
        var generator = SplitMix(state: 1)
        for _ in 0..<3000 {
            var cut = Array(scalars[(scalars.indices.randomElement(using: &generator) ?? 0)...].prefix(120))
            for _ in 0..<4 where !cut.isEmpty {
                let index = cut.indices.randomElement(using: &generator) ?? 0
                cut[index] =
                    "\u{0}\u{1B}\t\n:-[]{}&*!|>'\"%@`#é\u{2028}0".unicodeScalars.randomElement(using: &generator) ?? " "
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: cut)
            do throws(Diagnostics) {
                let value = try YAML.read(SourceText(name: "mutant", text: text))
                let again = try YAML.read(SourceText(name: "again", text: YAML.write(value)))
                #expect(JSON.write(again) == JSON.write(value), "\(text.debugDescription)")
            } catch {
                #expect(!error.rendered(colored: false).unicodeScalars.contains("\u{1B}"))
            }
        }
    }
}

/// Random numbers that are the same at each run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
