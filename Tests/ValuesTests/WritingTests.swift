import Testing
import Values

@Suite struct WritingTests {
    static let texts: [String] = [
        "", " ", "a", " a", "a ", "\n", "a\n", "a\nb", "a\nb\n", "a\n\nb\n\n", "\na", " a\nb", "a\n b\n", "a \nb", "\ta\n\tb\n",
        "yes", "No", "null", "~", "0644", "12", "1.5", "1e3", "22:22", "2026-01-02", "<<", "=", "y", "-", "- a", "?", ": a", "a: b",
        "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "'a'", "\"a\"", "[a]", "{a}", "a, b", "---", "...", "\\n", "\r",
        "a\r\nb", "\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "日本", "🦆", "e\u{301}", "10.0.0.1",
        String(repeating: "long ", count: 60), String(repeating: "x", count: 3000), "a:", "key:value", "a\tb", "#!/bin/sh\nexit 0\n",
        "52:54:00:12:34:56", ".", ".5", "+1", "0x1f", "{{ x }}", "{% if %}",
    ]

    @Test(arguments: texts)
    func textComesBack(text: String) throws {
        var mapping = Mapping()
        mapping[text] = Value(text)
        mapping["list"] = [Value(text), [Value(text), [:]], ["k": Value(text)]]
        let tree: [Value] = [Value(text), Value(mapping), [Value(mapping), Value(text)]]
        for value in tree {
            let yaml = YAML.write(value)
            #expect(try YAML.read(SourceText(name: "yaml", text: yaml)) == value, "\(yaml)")
            for pretty in [true, false] {
                let json = JSON.write(value, pretty: pretty)
                #expect(try JSON.read(SourceText(name: "json", text: json)) == value, "\(json)")
            }
        }
    }

    @Test func othersComeBack() throws {
        let value: Value = [
            nil, true, false, 0, -1, Value(Int.max), Value(Int.min), 1.0, 0.1, 1e20, 1e-7, -2.5e300, [], [:], [[]], [[:]],
            Value(Double.greatestFiniteMagnitude), Value(Double.leastNonzeroMagnitude), ["a": [1, ["b": nil]]],
        ]
        #expect(try YAML.read(SourceText(name: "yaml", text: YAML.write(value))) == value)
        #expect(try JSON.read(SourceText(name: "json", text: JSON.write(value))) == value)
        let infinite: Value = [Value(Double.infinity), Value(-Double.infinity)]
        #expect(try YAML.read(SourceText(name: "yaml", text: YAML.write(infinite))) == infinite)
        #expect(JSON.write(infinite, pretty: false) == "[null,null]")
    }

    @Test func yamlLooksAsPeopleWriteIt() {
        let value: Value = [
            "name": "web-01", "yes": "yes", "mode": "0644", "address": "10.0.0.1", "cpus": 2,
            "list": ["a", ["b": 1, "c": "x y"]], "none": nil, "empty": [], "text": "one\ntwo\n", "at": "22:22",
        ]
        #expect(
            YAML.write(value) == """
                name: web-01
                'yes': 'yes'
                mode: '0644'
                address: 10.0.0.1
                cpus: 2
                list:
                - a
                - b: 1
                  c: x y
                none: null
                empty: []
                text: |
                  one
                  two
                at: '22:22'

                """)
    }

    @Test func jsonKeysAreSortedOrKept() {
        let value: Value = ["b": 1, "a": [true, nil], 3: "x"]
        #expect(JSON.write(value, pretty: false) == #"{"3":"x","a":[true,null],"b":1}"#)
        #expect(JSON.write(value, pretty: false, sortedKeys: false) == #"{"b":1,"a":[true,null],"3":"x"}"#)
        #expect(JSON.write(["a": [1, []], "b": [:]]) == "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {}\n}")
    }
}
