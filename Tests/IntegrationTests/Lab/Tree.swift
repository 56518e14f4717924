import Foundation

/// JSON as a program of a user would read it, with nothing of the product's own reader.
enum Tree: Decodable, Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case list([Tree])
    case map([String: Tree])

    init(from decoder: any Decoder) throws {
        let one = try decoder.singleValueContainer()
        if one.decodeNil() {
            self = .null
        } else if let value = try? one.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? one.decode(Double.self) {
            self = .number(value)
        } else if let value = try? one.decode(String.self) {
            self = .string(value)
        } else if let value = try? one.decode([Tree].self) {
            self = .list(value)
        } else {
            self = .map(try one.decode([String: Tree].self))
        }
    }

    init(_ text: String) throws { self = try JSONDecoder().decode(Tree.self, from: Data(text.utf8)) }

    subscript(_ key: String) -> Tree { map[key] ?? .null }

    var map: [String: Tree] { if case .map(let map) = self { map } else { [:] } }
    var list: [Tree] { if case .list(let list) = self { list } else { [] } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
}
