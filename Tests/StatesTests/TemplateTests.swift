import States
import Testing
import Values

@Suite("Templates of file states, and what is selected for a host")
struct TemplateTests {
    private let tree = CaseTree(files: [
        "web/files/site.conf": "# {{ tpldir }} {{ sls }}\nServerName {{ name }}\nPort {{ port }} {{ grains.os }}\n",
        "web/files/broken.conf": "one\n{{ nothing }}\n",
        "web/init.sls": "{{ host }}: {test.nop: []}\n",
    ])
    private let input = RenderInput(
        hostName: "web-1", facts: Mapping([("os", "Debian")]), vars: Mapping(), test: true)

    @Test("context wins over defaults, and Salt's variables are there")
    func fileTemplate() throws {
        let text = try TemplateRenderer(tree: tree, input: input).render(
            "web/files/site.conf", sls: "web", defaults: Mapping([("port", 80), ("name", "x")]),
            context: Mapping([("name", "web.example")]))
        #expect(text == "# web/files web\nServerName web.example\nPort 80 Debian\n")
    }

    @Test("an undefined name is an error at its line of the template")
    func undefined() {
        #expect {
            try TemplateRenderer(tree: tree, input: input).render("web/files/broken.conf", sls: "web")
        } throws: { error in
            (error as? Diagnostics)?.all.first?.mark.map { "\($0.source.name):\($0.line)" } == "web/files/broken.conf:2"
        }
    }

    @Test("a template that is not there is named, with the nearest")
    func missing() {
        #expect {
            try TemplateRenderer(tree: tree, input: input).render("web/files/site.cnf", sls: "web")
        } throws: { error in
            (error as? Diagnostics)?.all.first?.hint == "did you mean \"web/files/site.conf\"?"
        }
    }

    @Test("an SLS can be shown rendered")
    func renderedText() throws {
        #expect(try SLSRenderer(tree: tree, input: input).render("web")?.text == "web-1: {test.nop: []}\n")
        #expect(try SLSRenderer(tree: tree, input: input).render("none") == nil)
    }

    @Test("named roles apply where they are assigned, in the order named")
    func selection() {
        let roles = HostRoles(assigned: ["hypervisor", "base", "base"])
        #expect(roles.sls() == ["hypervisor", "base"])
        #expect(roles.sls(named: ["base", "web", "hypervisor.network"]) == ["base", "hypervisor.network"])
        #expect(roles.sls(named: ["web"], regardless: true) == ["web"])
        #expect(!roles.isAssigned("hypervisors"))
    }
}
