internal import Values

/// Writes a result as the format asks: a table for people, JSON and YAML for programs.
enum Output {
    static func write(_ value: Value, _ format: OutputFormat, table: () -> String) {
        switch format {
        case .table: Terminal.write(table())
        case .json: Terminal.write(JSON.write(value) + "\n")
        case .yaml: Terminal.write(YAML.write(value))
        }
    }
}
