import Testing
import Values

@Suite struct SmallTablesTests {
    /// Rows of [JSON text, the same written compactly].
    @Test(arguments: Fixtures.table("json-good.json"))
    func goodJSONIsRead(row: [Value]) throws {
        let value = try JSON.read(SourceText(name: "json", text: row[0].string ?? ""))
        #expect(JSON.write(value, pretty: false, sortedKeys: false) == row[1].string)
    }

    /// Rows of [text that is no JSON, line:column of the mistake].
    @Test(arguments: Fixtures.table("json-bad.json"))
    func badJSONIsRefused(row: [Value]) throws {
        do throws(Diagnostics) {
            let value = try JSON.read(SourceText(name: "json", text: row[0].string ?? ""))
            Issue.record("read as \(value)")
        } catch {
            let place = try #require(error.all.first?.mark)
            #expect("\(place.line):\(place.column)" == row[1].string, "\(error.rendered(colored: false))")
        }
    }

    @Test func deepJSONIsRefused() {
        #expect(throws: Diagnostics.self) {
            try JSON.read(SourceText(name: "json", text: String(repeating: "[", count: 100_000)))
        }
    }

    /// Rows of [text, bytes or null, description].
    @Test(arguments: Fixtures.table("sizes.json"))
    func sizesAreRead(row: [Value]) throws {
        let text = try #require(row[0].string)
        let size = ByteSize(text)
        #expect(size?.bytes == row[1].int)
        #expect(size?.description == row[2].string)
        let value = try YAML.read(SourceText(name: "size", text: "- \(text)"))
        let fromFile = try? ByteSize(try #require(value.list?.first))
        if !text.isEmpty { #expect(fromFile == size) }
    }

    @Test(arguments: ["true", "[1]", "~", "-5", "2X"])
    func badSizesSayWhere(text: String) throws {
        let value = try YAML.read(SourceText(name: "size.yaml", text: "disk: \(text)"))
        do throws(Diagnostic) {
            _ = try ByteSize(value["disk"] ?? .null)
            Issue.record("read \(text)")
        } catch {
            #expect(error.mark?.description == "size.yaml:1:7")
        }
    }

    /// Rows of [text, what a bare number counts, milliseconds or null, description].
    @Test(arguments: Fixtures.table("spans.json"))
    func spansAreRead(row: [Value]) throws {
        let bare: TimeSpan.Unit = row[1].string == "seconds" ? .seconds : .milliseconds
        let span = TimeSpan(try #require(row[0].string), bare: bare)
        #expect(span?.milliseconds == row[2].int)
        #expect(span?.description == row[3].string)
        if let span { #expect(TimeSpan(span.description, bare: bare) == span) }
    }

    /// Rows of [text, bytes a second or null, description].
    @Test(arguments: Fixtures.table("rates.json"))
    func ratesAreRead(row: [Value]) throws {
        let rate = ByteRate(try #require(row[0].string))
        #expect(rate?.bytesPerSecond == row[1].int)
        #expect(rate?.description == row[2].string)
    }

    /// Rows of [typed, [candidates], expected or null].
    @Test(arguments: Fixtures.table("names.json"))
    func nearestNames(row: [Value]) throws {
        let candidates = try #require(row[1].list).compactMap(\.string)
        #expect(NearestName.of(row[0].string ?? "", among: candidates) == row[2].string)
    }
}
