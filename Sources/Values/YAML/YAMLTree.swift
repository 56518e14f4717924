/// Builds the value tree from events: anchors, merge keys, tags, duplicate keys.
struct YAMLTree {
    private let events: YAMLEvents
    private var problems: [Diagnostic] = []
    private var anchors: [String: Node] = [:]
    private var openAnchors: Set<String> = []
    private var aliasedNodes = 0

    /// Nesting deeper than this is refused: no file people write comes near it.
    private static let deepest = 200
    /// How many nodes aliases may stand for in one document, against ones that grow without end.
    private static let mostAliased = 100_000

    /// A value and what it costs to repeat it.
    private struct Node {
        var value: Value
        var size = 1
        var height = 1
    }

    init(events: YAMLEvents) { self.events = events }

    mutating func document() throws(Diagnostics) -> Value {
        _ = try events.next()
        guard case .documentStart = try events.next().event else { return .null }
        let (event, mark) = try events.next()
        let value = try node(event, at: mark, depth: 0).value
        _ = try events.next()
        let (end, place) = try events.next()
        if case .documentStart = end {
            problems.append(
                .error("more than one YAML document", hint: "keep one document a file; remove this \"---\"", mark: place))
        }
        if let problems = Diagnostics(problems) { throw problems }
        return value
    }

    private mutating func node(_ event: YAMLEvent, at mark: Mark, depth: Int) throws(Diagnostics) -> Node {
        guard depth < Self.deepest else {
            throw Diagnostics(.error("YAML nested more than \(Self.deepest) levels deep", mark: mark))
        }
        let properties: YAMLProperties
        let build: (inout Self) throws(Diagnostics) -> Node
        switch event {
        case .alias(let name): return try alias(name, at: mark, depth: depth)
        case .scalar(let text, let isPlain, let own):
            properties = own
            build = { tree throws(Diagnostics) in Node(value: tree.scalar(text, isPlain: isPlain, tag: own.tag, at: mark)) }
        case .sequenceStart(let own):
            properties = own
            build = { tree throws(Diagnostics) in try tree.sequence(tag: own.tag, at: mark, depth: depth) }
        case .mappingStart(let own):
            properties = own
            build = { tree throws(Diagnostics) in try tree.mapping(tag: own.tag, at: mark, depth: depth) }
        default: throw Diagnostics(.error("not valid YAML: a value was expected here", mark: mark))
        }
        guard let anchor = properties.anchor else { return try build(&self) }
        openAnchors.insert(anchor)
        let node = try build(&self)
        openAnchors.remove(anchor)
        anchors[anchor] = node
        return node
    }

    private mutating func alias(_ name: String, at mark: Mark, depth: Int) throws(Diagnostics) -> Node {
        guard !openAnchors.contains(name) else {
            throw Diagnostics(.error("alias \"*\(name)\" stands inside what it refers to", mark: mark))
        }
        guard let node = anchors[name] else {
            problems.append(
                .error(
                    "unknown alias \"*\(name)\"", detail: "no \"&\(name)\" stands before it",
                    hint: NearestName.hint(for: name, among: anchors.keys.sorted()), mark: mark))
            return Node(value: Value(.null, at: mark))
        }
        aliasedNodes += node.size
        guard aliasedNodes <= Self.mostAliased, depth + node.height <= Self.deepest else {
            throw Diagnostics(
                .error(
                    "alias \"*\(name)\" makes the document too large",
                    detail: "aliases may stand for \(Self.mostAliased) values and \(Self.deepest) levels in all", mark: mark))
        }
        return node
    }

    private mutating func sequence(tag: String?, at mark: Mark, depth: Int) throws(Diagnostics) -> Node {
        check(tag, is: "seq", for: "a list", at: mark)
        var items: [Value] = []
        var whole = Node(value: .null)
        while true {
            let (event, place) = try events.next()
            if case .sequenceEnd = event { break }
            let item = try node(event, at: place, depth: depth + 1)
            items.append(item.value)
            whole.size += item.size
            whole.height = max(whole.height, item.height + 1)
        }
        whole.value = Value(items, at: mark)
        return whole
    }

    private mutating func mapping(tag: String?, at mark: Mark, depth: Int) throws(Diagnostics) -> Node {
        check(tag, is: "map", for: "a mapping", at: mark)
        var own = Mapping()
        var inherited = Mapping()
        var whole = Node(value: .null)
        while true {
            let (event, place) = try events.next()
            if case .mappingEnd = event { break }
            let isMerge = Self.isMergeKey(event)
            let key = try node(event, at: place, depth: depth + 1)
            let (valueEvent, valuePlace) = try events.next()
            let value = try node(valueEvent, at: valuePlace, depth: depth + 1)
            whole.size += key.size + value.size
            whole.height = max(whole.height, key.height + 1, value.height + 1)
            // A key that is an alias is read where it is used.
            let keyHere = Value(key.value.kind, at: place, raw: key.value.raw)
            if isMerge {
                merge(value.value, into: &inherited, at: valuePlace)
            } else if isUsable(key: keyHere, among: own) {
                own[keyHere] = value.value
            }
        }
        if !inherited.isEmpty {
            var merged = Mapping()
            for (key, value) in inherited where own[key] == nil { merged[key] = value }
            for (key, value) in own { merged[key] = value }
            own = merged
        }
        whole.value = Value(own, at: mark)
        return whole
    }

    private static func isMergeKey(_ event: YAMLEvent) -> Bool {
        guard case .scalar(let text, let isPlain, let properties) = event else { return false }
        return properties.tag == YAMLTag.merge || (text == "<<" && isPlain && properties.tag == nil)
    }

    private mutating func merge(_ value: Value, into inherited: inout Mapping, at mark: Mark) {
        let sources: [Value] = if let list = value.list { list.reversed() } else { [value] }
        for source in sources {
            guard let mapping = source.map else {
                problems.append(
                    .error("\"<<\" merges mappings, not \(source.kindName)", hint: "give it an alias of a mapping", mark: mark))
                return
            }
            for (key, item) in mapping { inherited[key] = item }
        }
    }

    private mutating func isUsable(key: Value, among own: Mapping) -> Bool {
        if key.list != nil || key.map != nil {
            problems.append(
                .error(
                    "a key must be text or a number, not \(key.kindName)",
                    hint: "put text that begins with \"{\" or \"[\" in quotes", mark: key.mark))
            return false
        }
        guard let earlier = own.key(key) else { return true }
        problems.append(
            .error(
                "duplicate key \"\(key.scalarText ?? "null")\"",
                detail: earlier.mark.map { "it stands already at \($0)" }, hint: "remove one of the two, or merge them",
                mark: key.mark))
        return false
    }

    private mutating func scalar(_ text: String, isPlain: Bool, tag: String?, at mark: Mark) -> Value {
        // A lone "!" changes nothing, as in PyYAML.
        guard let tag, tag != "!" else {
            return isPlain ? Value(PlainScalar.kind(of: text), at: mark, raw: text) : Value(text, at: mark)
        }
        if let kind = YAMLTag.kind(of: text, tag: tag) { return Value(kind, at: mark, raw: isPlain ? text : nil) }
        problems.append(YAMLTag.problem(tag, text: text, at: mark))
        return Value(text, at: mark)
    }

    private mutating func check(_ tag: String?, is wanted: String, for what: String, at mark: Mark) {
        guard let tag, tag != "!", tag != YAMLTag.prefix + wanted else { return }
        problems.append(YAMLTag.problem(tag, text: what, at: mark))
    }
}
