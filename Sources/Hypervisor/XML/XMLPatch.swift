/// Changes to a document, written as a fragment of it: elements are laid over those of their names, level by level.
///
/// `drover:op` says what an element does: `merge` (the standard: attributes and text are set, children laid over in turn;
/// one that is not there is added), `replace`, `append` (a further one, whatever is there), `remove`.
/// `drover:where="target/@dev=vda"` chooses among elements of one name by a path to an attribute or a text below them.
/// `drover:without="cache io"` takes attributes away.
public struct XMLPatch: Sendable, Hashable {
    private let root: XMLElement

    /// The namespace of the attributes; their prefix has to be `drover`.
    public static let namespace = "urn:drover:patch:1"

    /// - Throws: ``XMLProblem`` for what is no XML, or says something unknown.
    public init(reading text: String) throws(XMLProblem) {
        root = try XMLElement(reading: text)
        try Self.check(root)
    }

    /// The document with the changes; all attributes of the patch's own are gone.
    /// - Throws: ``XMLProblem`` when the fragment is of another kind of document, or what is to be removed or replaced is
    ///   not there.
    public func applied(to document: XMLElement) throws(XMLProblem) -> XMLElement {
        guard root.localName == document.localName else {
            throw XMLProblem(message: "the patch changes <\(root.name)>, not <\(document.name)>", offset: nil)
        }
        var result = document
        try Self.merge(root, into: &result)
        return result
    }

    private enum Operation: String, CaseIterable { case merge, replace, append, remove }

    private static func check(_ element: XMLElement) throws(XMLProblem) {
        for attribute in element.attributes where attribute.name.hasPrefix("drover:") {
            switch attribute.name {
            case "drover:op" where Operation(rawValue: attribute.value) != nil: break
            case "drover:where" where Condition(attribute.value) != nil: break
            case "drover:without": break
            default:
                throw XMLProblem(
                    message: "cannot understand \(attribute.name)='\(attribute.value)' at <\(element.name)>; "
                        + "drover:op is merge, replace, append or remove, drover:where is PATH=VALUE", offset: nil)
            }
        }
        for child in element.children { try check(child) }
    }

    private static func merge(_ patch: XMLElement, into element: inout XMLElement) throws(XMLProblem) {
        for name in patch[attribute: "drover:without"]?.split(separator: " ") ?? [] {
            element[attribute: String(name)] = nil
        }
        for attribute in bare(patch).attributes { element[attribute: attribute.name] = attribute.value }
        let text = patch.text
        if patch.children.isEmpty, text.contains(where: { !$0.isWhitespace }) { element.nodes = [.text(text)] }
        for child in patch.children { try apply(child, to: &element) }
    }

    private static func apply(_ child: XMLElement, to element: inout XMLElement) throws(XMLProblem) {
        let condition = child[attribute: "drover:where"].flatMap(Condition.init)
        let place = element.nodes.firstIndex { node in
            guard case .element(let found) = node, found.name == child.name else { return false }
            return condition?.holds(for: found) ?? true
        }
        switch (child[attribute: "drover:op"].flatMap(Operation.init) ?? .merge, place) {
        case (.append, _),
            (.merge, nil) where condition == nil:
            element.nodes.append(.element(cleaned(child)))
        case (.replace, let place?): element.nodes[place] = .element(cleaned(child))
        case (.remove, let place?): element.nodes.remove(at: place)
        case (.merge, let place?):
            guard case .element(var found) = element.nodes[place] else { return }
            try merge(child, into: &found)
            element.nodes[place] = .element(found)
        case (_, nil):
            let which = child[attribute: "drover:where"].map { " where \($0)" } ?? ""
            throw XMLProblem(
                message: "<\(element.name)> has no <\(child.name)>\(which) that could be changed", offset: nil)
        }
    }

    /// Without the patch's own attributes, all the way down.
    private static func cleaned(_ element: XMLElement) -> XMLElement {
        var result = bare(element)
        result.nodes = element.nodes.map { node in
            if case .element(let child) = node { .element(cleaned(child)) } else { node }
        }
        return result
    }

    private static func bare(_ element: XMLElement) -> XMLElement {
        var result = element
        result.attributes.removeAll { $0.name.hasPrefix("drover:") || $0.value == namespace }
        return result
    }

    /// `target/@dev=vda`, `@type=pci`, `name=web1`.
    private struct Condition {
        let path: [String]
        let value: String

        init?(_ text: String) {
            guard let equals = text.firstIndex(of: "=") else { return nil }
            path = text[..<equals].split(separator: "/").map(String.init)
            value = String(text[text.index(after: equals)...])
            guard !path.isEmpty else { return nil }
        }

        func holds(for element: XMLElement) -> Bool { Self.holds(element, path[...], value) }

        private static func holds(_ element: XMLElement, _ path: ArraySlice<String>, _ value: String) -> Bool {
            guard let step = path.first else { return element.text == value }
            if step.hasPrefix("@") { return element[attribute: String(step.dropFirst())] == value }
            return element.all(step).contains { holds($0, path.dropFirst(), value) }
        }
    }
}
