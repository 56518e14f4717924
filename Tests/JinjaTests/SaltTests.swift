import Jinja
import Testing
import Values

/// What Salt adds to Jinja, as its documentation and source have it.
@Suite struct SaltTests {
    @Test(arguments: [
        ("{% load_yaml as x %}\na: 1\nb: [x, y]\n{% endload %}{{ x.a + 1 }} {{ x.b }}", "2 ['x', 'y']"),
        ("{% load_json as x %}{\"a\": [1, true, null]}{% endload %}{{ x }}", "{'a': [1, True, None]}"),
        ("{% load_text as x %}abc{% endload %}{{ x|upper }}", "ABC"),
        ("{% set n = 3 %}{% load_yaml as x %}n: {{ n }}{% set n = 4 %}{% endload %}{{ x.n }}{{ n }}", "33"),
        ("{% import_yaml 'd/defaults.yaml' as d %}{{ d.pkg }} {{ d.os }}", "vim Debian"),
        ("{% import_json 'd.json' as d %}{{ d.k[0] }}", "1"),
        ("{% import_text 'd.json' as d %}{{ d }}", "{\"k\": [1]}"),
        ("{% import 'lib.jinja' as lib %}{{ lib.os() }} {{ lib.where() }}", "Debian d"),
        ("{% from 'd/lib.jinja' import os %}{{ os() }}", "Debian"),
        ("{% from 'd/lib.jinja' import near %}{{ near }}", "vim"),
        ("{% from 'd/lib.jinja' import near with context %}{{ near }}", "vim"),
        ("{% set tpldir = 'd' %}{% import_yaml tpldir ~ '/defaults.yaml' as d %}{{ d.pkg }}", "vim"),
        ("{% import_yaml 'salt://d/defaults.yaml' as d %}{{ d.pkg }}", "vim"),
        ("{% import_yaml 'empty.yaml' as d %}{{ d is none }}", "True"),
        ("{% profile as 'x' %}a{% endprofile %}", "a"),
        ("{{ {'b': [1, 'x'], 'a': none, 'c': true}|yaml }}", "{b: [1, x], a: null, c: true}"),
        (
            "{{ {'a': 'x: y', 'b': '1', 'c': 'it''s', 'd': 'yes', 'e': ''}|yaml }}",
            "{a: 'x: y', b: '1', c: its, d: 'yes', e: ''}"
        ),
        ("{{ {'a': [1, 2]}|yaml(false) }}", "a:\n- 1\n- 2"),
        ("{{ 'x'|yaml }} {{ 5|yaml }} {{ '1'|yaml }} {{ none|yaml }}", "x 5 '1' null"),
        ("{{ {'b': 1, 'a': 'ä<'}|json }}", "{\"a\": \"ä<\", \"b\": 1}"),
        ("{{ {'b': 1, 'a': 2}|json(False, 1) }}", "{\n \"b\": 1,\n \"a\": 2\n}"),
        ("{{ 'a \"b\" \\n\\\\'|yaml_dquote }} {{ \"it's\"|yaml_squote }}", "\"a \\\"b\\\" \\n\\\\\" 'it''s'"),
        ("{{ true|yaml_encode }} {{ 'x'|yaml_encode }} {{ none|yaml_encode }}", "true x null"),
        ("{{ 'a: [1, 2]'|load_yaml }} {{ '{\"a\": 1}'|load_json }}", "{'a': [1, 2]} {'a': 1}"),
        (
            "{{ 'yes'|to_bool }}{{ 'no'|to_bool }}{{ 1|to_bool }}{{ 0|to_bool }}{{ none|to_bool }}{{ [1]|to_bool }}{{ 'True'|to_bool }}",
            "TrueFalseTrueFalseFalseTrueTrue"
        ),
        (
            "{{ 'abcd'|regex_search('^(.*)b(c)') }} {{ 'abc'|regex_search('x') }} {{ 'ABC'|regex_search('(b)', ignorecase=True) }}",
            "('a', 'c') None ('B',)"
        ),
        ("{{ 'abcd'|regex_match('b(c)') }} {{ 'abcd'|regex_match('a(b)(x)?') }}", "None ('b', None)"),
        (
            "{{ 'lets replace spaces'|regex_replace('\\s+', '__') }} {{ 'a1b22'|regex_replace('([a-z])(\\d+)', '\\\\2\\\\1') }}",
            "lets__replace__spaces 1a22b"
        ),
        ("{{ 'a.b'|regex_replace('(?P<x>\\w)\\.', '<\\g<x>>') }} {{ 'a+b'|regex_escape }}", "<a>b a\\+b"),
        (
            "{{ {'a': {'b': [{'c': 5}]}}|traverse('a:b:0:c') }} {{ {'a': [{'c': 5}]}|traverse('a:c') }} {{ {'a': 1}|traverse('a:x', 'no') }} {{ {'a': {1: 'one'}}|traverse('a:1') }}",
            "5 5 no one"
        ),
        ("{{ \"it's a\"|quote }} {{ 'plain-1.0'|quote }} {{ ''|quote }}", "'it'\"'\"'s a' plain-1.0 ''"),
        (
            "{{ ['A', 'a', 'A']|unique }} {{ [1,2]|union([2,3]) }} {{ [1,2]|intersect([2,3]) }} {{ [1,2]|difference([2,3]) }} {{ [1,2]|symmetric_difference([2,3]) }}",
            "['A', 'a'] [1, 2, 3] [2] [1] [1, 3]"
        ),
        ("{{ 'x'|sequence }} {{ ['x']|sequence }} {{ [1, [2, [3, none]]]|flatten }}", "['x'] ['x'] [1, 2, 3]"),
        (
            "{{ 'abc' is match('a.c') }} {{ 'xabc' is match('a') }} {{ 'ABC' is match('a', ignorecase=True) }} {{ [] is list }} {{ 'x' is list }}",
            "True False True True False"
        ),
        (
            "{{ 'Grüße'|base64_encode }} {{ 'R3LDvMOfZQ=='|base64_decode }} {{ 'a'|base64_encode }} {{ 'abc'|base64_encode }}",
            "R3LDvMOfZQ== Grüße YQ== YWJj"
        ),
        ("{{ '/a'|path_join('b', 'c/') }}", "/a/b/c"),
    ])
    func rendersAsSalt(_ template: String, _ expected: String) throws {
        let files = [
            "d/defaults.yaml": "pkg: vim\nos: {{ grains.os }}\n", "d.json": "{\"k\": [1]}", "empty.yaml": "",
            "lib.jinja":
                "{% macro os() %}{{ grains.os }}{% endmacro %}{% macro where() %}{% import 'd/lib.jinja' as l %}{{ l.dir }}{% endmacro %}",
            "d/lib.jinja":
                "{% macro os() %}{{ grains.os }}{% endmacro %}{% set dir = tpldir %}{% import_yaml './defaults.yaml' as own %}{% set near = own.pkg %}",
        ]
        #expect(try rendered(template, ["grains": .value(["os": "Debian"])], files: files).text == expected)
    }

    @Test func functionsAreFoundByNameAndByAttribute() throws {
        let get = JinjaFunction("pillar.get") { call in
            let fallback = call.argument(1, "default") ?? .null
            return call.argument(0, "key")?.value?.string == "a" ? 5 : fallback
        }
        let context: [String: JinjaValue] = ["salt": .object(JinjaObject("salt", functions: ["pillar.get": get]))]
        let text = try rendered(
            "{{ salt['pillar.get']('a') }} {{ salt.pillar.get('b', default={'k': [1]}).k[0] }} "
                + "{{ 'pillar.get' in salt }} {{ 'x.y' in salt }} {{ salt['x.y'] is defined }}", context
        ).text
        #expect(text == "5 1 True False False")
    }

    @Test func theLastLineEndOfTheRenderedTemplateIsKept() throws {
        #expect(try rendered("a\n").text == "a\n")
        #expect(try rendered("a\n\n").text == "a\n\n")
        #expect(try rendered("{% if true -%}\na\n{%- endif -%}\n").text == "a\n")
        #expect(try rendered("{% include 'x' %}|\n", files: ["x": "x\n"]).text == "x|\n")
        #expect(try rendered("a").text == "a")
    }

    @Test func topLevelNamesAreExported() throws {
        let exports = try rendered(
            "{% set a = {'k': [1]} %}{% set _b = 1 %}{% for c in [1] %}{% set d = 1 %}{% endfor %}"
        ).exports
        #expect(exports == ["a": ["k": [1]]])
    }
}
