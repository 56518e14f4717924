/// An expression of a template, with its place.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case literal(Literal)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case map([(key: Expression, value: Expression)])
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
        case call(Expression, CallArguments)
        /// The input is nil at the head of a filter block's chain: the block's text.
        case filter(Expression?, String, CallArguments)
        case test(Expression, String, CallArguments)
        case not(Expression)
        case negative(Expression)
        case positive(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case arithmetic(Expression, Arithmetic, Expression)
        case concatenation([Expression])
        case comparison(Expression, [(operation: Comparison, operand: Expression)])
        case conditional(test: Expression, then: Expression, otherwise: Expression?)
    }

    enum Literal: Sendable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
    }

    let kind: Kind
    let place: Place

    init(_ kind: Kind, at place: Place) {
        self.kind = kind
        self.place = place
    }

    /// `pillar.virt.nic` and the like as it would be written, for messages; nil for anything that computes.
    var path: String? {
        switch kind {
        case .name(let name): name
        case .attribute(let base, let name): base.path.map { "\($0).\(name)" }
        case .item(let base, let index):
            switch index.kind {
            case .literal(.string(let key)): base.path.map { "\($0)['\(key)']" }
            case .literal(.int(let number)): base.path.map { "\($0)[\(number)]" }
            default: nil
            }
        default: nil
        }
    }
}

/// The operators of arithmetic, by their Python spelling.
enum Arithmetic: String, Sendable {
    case add = "+", sub = "-", mul = "*", div = "/", floorDiv = "//", mod = "%", pow = "**"
}

/// The operators of comparison, by their Python spelling.
enum Comparison: String, Sendable {
    case equal = "==", notEqual = "!=", less = "<", lessEqual = "<=", greater = ">", greaterEqual = ">="
    case isIn = "in", notIn = "not in"
}

/// The arguments of a call, filter or test, as written.
struct CallArguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// `*expression`
    var star: Expression?
    /// `**expression`
    var doubleStar: Expression?

    var isEmpty: Bool { positional.isEmpty && named.isEmpty && star == nil && doubleStar == nil }
}
