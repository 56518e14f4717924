import Values

/// One argument of a state as it was written: `- mode: "0644"`.
struct Argument: Sendable {
    var key: String
    var value: Value
    /// Where the key stands.
    var mark: Mark?
}

/// One state under an ID: module, function, arguments.
struct StateDeclaration: Sendable {
    /// The state module under its own name (`virt`, also when `libvirt` was written).
    var state: String
    /// The function; nil only in an extension that does not name one.
    var function: String?
    var arguments: [Argument]
    /// Where the module's name stands.
    var mark: Mark?
    /// The place in the order in which states were loaded, 10000 upwards; nil for one that an extension added.
    var loadOrder: Int?
}

/// All states that one SLS declares under one ID.
struct IDDeclaration: Sendable {
    var id: String
    var sls: String
    var states: [StateDeclaration]
    /// The SLS files whose `include` brought this one in, nearest first.
    var includedFrom: [String] = []
    var mark: Mark?
}

/// One `exclude` entry.
struct Exclusion: Sendable {
    enum Subject: Sendable {
        case id(String)
        case sls(String)
    }
    var subject: Subject
    var mark: Mark?
}

/// What one SLS file says.
struct SLSFile: Sendable {
    var includes: [Value] = []
    var declarations: [IDDeclaration] = []
    var extensions: [IDDeclaration] = []
    var exclusions: [Exclusion] = []
}
