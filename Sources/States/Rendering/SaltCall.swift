import Jinja
import Values

/// The arguments of one `salt['module.function'](...)` call, by the parameter names of the function.
struct SaltCall {
    let function: String
    private var values: [String: Value] = [:]
    /// Positional arguments beyond the parameters.
    private(set) var rest: [Value] = []

    /// - Throws: a diagnostic for a keyword that the function lacks, and for too many arguments.
    init(
        _ function: String, _ arguments: JinjaArguments, parameters: [String], variadic: Bool = false
    ) throws(Diagnostic) {
        self.function = function
        for (index, argument) in arguments.positional.enumerated() {
            if index < parameters.count, !variadic {
                values[parameters[index]] = try Self.plain(argument, function)
            } else {
                rest.append(try Self.plain(argument, function))
            }
        }
        guard variadic || rest.isEmpty else {
            throw .error(
                "\"\(function)\" takes at most \(parameters.count) arguments, not \(arguments.positional.count)")
        }
        for (name, argument) in arguments.named {
            // Environments do not exist here; formulas name them out of habit.
            if ["saltenv", "pillarenv"].contains(name), !parameters.contains(name) { continue }
            guard parameters.contains(name) || variadic else {
                throw .error(
                    "\"\(function)\" has no argument \"\(name)\"",
                    detail: "it takes " + parameters.joined(separator: ", "),
                    hint: NearestName.hint(for: name, among: parameters))
            }
            values[name] = try Self.plain(argument, function)
        }
    }

    /// The argument, if it was given.
    subscript(_ name: String) -> Value? { values[name] }

    /// An argument that has to be there.
    func needed(_ name: String) throws(Diagnostic) -> Value {
        guard let value = values[name] else { throw .error("\"\(function)\" needs the argument \"\(name)\"") }
        return value
    }

    /// A text that has to be there; numbers are taken as their text.
    func text(_ name: String) throws(Diagnostic) -> String {
        let value = try needed(name)
        guard let text = value.scalarText else {
            throw .error("\"\(name)\" of \"\(function)\" is \(value.kindName), expected text")
        }
        return text
    }

    /// A mapping that has to be there.
    func mapping(_ name: String) throws(Diagnostic) -> Mapping {
        let value = try needed(name)
        guard let map = value.map else {
            throw .error("\"\(name)\" of \"\(function)\" is \(value.kindName), expected a mapping")
        }
        return map
    }

    /// A truth, in Python's sense.
    func flag(_ name: String, default standard: Bool = false) -> Bool { values[name]?.isTrue ?? standard }

    private static func plain(_ argument: JinjaValue, _ function: String) throws(Diagnostic) -> Value {
        switch argument {
        case .value(let value): return value
        case .undefined(let name): throw .error("\"\(name)\", given to \"\(function)\", is undefined")
        case .function, .object: throw .error("\"\(function)\" was given a function, expected data")
        }
    }
}

extension Value {
    /// Whether Python would take it for true.
    var isTrue: Bool {
        switch kind {
        case .null: false
        case .bool(let truth): truth
        case .int(let number): number != 0
        case .double(let number): number != 0
        case .string(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .map(let map): !map.isEmpty
        }
    }

    /// The value at Salt's path (`virt:nic:default`), with lists of single mappings looked through as Salt does.
    func traverse(_ path: String, delimiter: String = ":") -> Value? {
        var here = self
        for part in path.split(on: delimiter) {
            if let next = here.at([part]) {
                here = next
            } else if let items = here.list, let next = items.lazy.compactMap({ $0[part] }).first {
                here = next
            } else {
                return nil
            }
        }
        return here
    }
}

extension String {
    /// The parts between a separator of one or more characters.
    func split(on separator: String) -> [String] {
        guard !separator.isEmpty else { return [self] }
        return split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
