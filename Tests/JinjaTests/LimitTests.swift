import Jinja
import Testing
import Values

/// A bad template costs a diagnostic, never the process.
@Suite struct LimitTests {
    @Test(arguments: [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(x) %}{% for i in [1] %}{% if true %}{{ [m(x ~ 'a')]|join }}{% endif %}{% endfor %}{% endmacro %}{{ m('') }}",
        "{% macro m() %}{% call m() %}{{ caller }}{% endcall %}{% endmacro %}{{ m() }}",
        "{% include 'self' %}", "{% import 'self' as x %}", "{% extends 'cycle' %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% set x = range(100000)|sort %}{% endfor %}",
        "{% for a in range(100000) %}{{ 'x' * 10000 }}{% endfor %}",
        "{{ 'x' * 9999999999 }}", "{{ [0] * 9999999999 }}", "{{ 'x'.center(99999999999) }}", "{{ '%999999999d' % 1 }}",
        "{{ '{:999999999}'.format(1) }}", "{{ 9223372036854775807 + 1 }}", "{{ 2 ** 100000 }}",
        "{{ 99999999999999999999 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1)|abs }}",
        "{{ range(10**18) }}", "{{ 'a'|indent(99999999999) }}",
        "{% set ns = namespace(x='xxxxxxxxxxxxxxxx') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set l = [1] %}{% for i in range(100) %}{% do l.extend(l) %}{% endfor %}",
        "{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}", "{% set l = [] %}{% do l.append(l) %}{{ l|yaml }}",
        "{% set a = [] %}{% do a.append(a) %}{% set b = [] %}{% do b.append(b) %}{{ a == b }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|flatten }}",
        "{{ 'aaa'|regex_search('(') }}", "{{ 1|round(-9223372036854775807) // 0 }}", "{{ 'x'[::0] }}",
        "{{ 1e999|int // 0 }}",
        "{{ [1,2,3]|batch(0) }}", "{{ [1]|slice(0) }}",
        "{{ 'abc'[9223372036854775807:-9223372036854775807:-9223372036854775807] // 1 }}",
        "{{ '%*d' % (9223372036854775807, 1) }}", "{{ ''|truncate(-1) }}", "{{ cycler() }}",
    ])
    func stopsWithADiagnostic(_ template: String) {
        let files = ["self": "{% include 'self' %}{% import 'self' as x %}", "cycle": "{% extends 'cycle' %}"]
        #expect(problem(template, files: files) != nil)
    }

    @Test(arguments: ["(", "[", "{1:", "not ", "-", "1 + (", "a[", "'x'|f(", "a.b(", "1 if 2 else "])
    func deepNestingIsRefused(_ part: String) {
        #expect(problem("{{ " + String(repeating: part, count: 20_000) + "1 }}") != nil)
    }

    @Test(arguments: ["+ 1", ".a", "|upper", "[0]", "()", "and 1", "if 1 else 2", "~ 1", ", 1", "is odd", "or 0"])
    func longChainsDoNotBreakTheProcess(_ part: String) {
        _ = problem("{{ 1 " + String(repeating: part + " ", count: 20_000) + "}}")
    }

    @Test(arguments: [
        "{% if 1 %}", "{% for a in b %}", "{% block a %}", "{% macro m() %}", "{% set x %}", "{% filter upper %}",
    ])
    func deepStatementsAreRefused(_ tag: String) {
        #expect(problem(String(repeating: tag, count: 20_000)) != nil)
    }

    /// A hundred thousand levels must also be taken apart without a stack of that depth.
    @Test(arguments: [
        "[ns.x]", "(ns.x,)", "{'k': ns.x}", "namespace(k=ns.x)", "[{'k': (ns.x,)}]",
    ])
    func deepDataIsDestroyed(_ level: String) throws {
        let text = "{% set ns = namespace(x=0) %}{% for i in range(100000) %}{% set ns.x = \(level) %}{% endfor %}ok"
        #expect(try rendered(text).text == "ok")
        #expect(problem(text + "{{ ns.x }}{{ ns.x|tojson }}") != nil)
        #expect(problem(text + "{{ {ns.x: 1} }}{{ ns.x is eq 1 }}{{ ns.x|tojson }}") != nil)
    }

    @Test func chainsOfMacrosAreDestroyed() throws {
        let text = """
            {% set ns = namespace(f=1) %}{% for i in range(100000) %}{% set before = ns.f %}{% macro f() %}{{ before }}{% endmacro %}\
            {% set ns.f = f %}{% endfor %}ok
            """
        #expect(try rendered(text).text == "ok")
    }

    @Test func aListThatHoldsItselfPrints() throws {
        let text = try rendered(
            "{% set l = [1] %}{% do l.append(l) %}{% set m = {} %}{% do m.update(m=m) %}{{ l }} {{ m }}"
        ).text
        #expect(text == "[1, [...]] {'m': {...}}")
    }

    /// Every prefix of a template, and the template with each byte left out: an answer or a diagnostic, never a crash.
    @Test func brokenTemplatesAreSurvived() {
        let text =
            "{%- set x, y = (1, 'a\\n') -%}{% for k, v in {'a': [1, 2.5e3]}.items() if v is not none recursive %}{{ k ~ v[0:1]|join(', ') }}{# c #}{% else %}{% raw %}{{ é }}{% endraw %}{% endfor %}{% macro m(a, b=1) %}{{ a if b else '%s' % a }}{% endmacro %}{% call(z) m(*[1], **{}) %}{% endcall %}"
        let scalars = Array(text.unicodeScalars)
        for index in scalars.indices {
            var without = scalars
            without.remove(at: index)
            _ = problem(String(String.UnicodeScalarView(without)))
            _ = problem(String(String.UnicodeScalarView(scalars[..<index])))
        }
    }
}
