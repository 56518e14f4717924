import States
import Testing
import Values

@Suite("Shell-style patterns")
struct WildcardTests {
    @Test("each row of Fixtures/wildcards.yaml")
    func table() throws {
        let rows = try #require(try YAML.read(try Fixture.source("wildcards.yaml")).list)
        #expect(rows.count > 10)
        for row in rows {
            let (pattern, text) = (try #require(row.list?[0].string), try #require(row.list?[1].string))
            #expect(Wildcard(pattern).matches(text) == row.list?[2].bool, "\(pattern) \(text)")
        }
    }
}
