/// One element of an XML document: a value that can be read, built, edited and written.
///
/// Names are kept as written, prefix included; `localName` is the part behind it.
public struct XMLElement: Sendable, Hashable {
    /// What an element holds: elements and text, in document order.
    public enum Node: Sendable, Hashable {
        case element(XMLElement)
        case text(String)
    }

    /// One attribute, in document order.
    public struct Attribute: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    public var attributes: [Attribute]
    public var nodes: [Node]

    public init(_ name: String, attributes: [Attribute] = [], nodes: [Node] = []) {
        self.name = name
        self.attributes = attributes
        self.nodes = nodes
    }

    /// An element as the builders write it: attributes whose value is nil are left out.
    public init(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String? = nil,
        _ children: [XMLElement] = []
    ) {
        self.name = name
        self.attributes = attributes.compactMap { name, value in value.map { Attribute(name, $0) } }
        self.nodes = (text.map { [.text($0)] } ?? []) + children.map { .element($0) }
    }

    /// The name without its namespace prefix.
    public var localName: String {
        name.firstIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
    }

    /// The child elements, in order.
    public var children: [XMLElement] {
        nodes.compactMap { node in
            guard case .element(let element) = node else { return nil }
            return element
        }
    }

    /// The text directly inside this element, joined.
    public var text: String {
        nodes.reduce(into: "") { joined, node in
            if case .text(let text) = node { joined += text }
        }
    }

    /// An attribute's value; nil when it is absent. Setting nil removes it.
    public subscript(attribute name: String) -> String? {
        get { attributes.first { $0.name == name }?.value }
        set {
            guard let index = attributes.firstIndex(where: { $0.name == name }) else {
                if let newValue { attributes.append(Attribute(name, newValue)) }
                return
            }
            if let newValue { attributes[index].value = newValue } else { attributes.remove(at: index) }
        }
    }

    /// The child elements of that local name.
    public func all(_ name: String) -> [XMLElement] { children.filter { $0.localName == name } }

    /// The first element at the end of a path of local names below this one.
    public func first(_ path: String...) -> XMLElement? {
        path.reduce(Optional(self)) { element, name in element?.children.first { $0.localName == name } }
    }

    /// Edits every child element of that local name in place.
    public mutating func edit<Failure: Error>(
        _ name: String, _ change: (inout XMLElement) throws(Failure) -> Void
    ) throws(Failure) {
        for index in nodes.indices {
            guard case .element(var element) = nodes[index], element.localName == name else { continue }
            try change(&element)
            nodes[index] = .element(element)
        }
    }

    /// Removes the child elements that `matches` holds for.
    public mutating func remove(where matches: (XMLElement) -> Bool) {
        nodes.removeAll { node in
            guard case .element(let element) = node else { return false }
            return matches(element)
        }
    }

    /// Puts `element` in the place of the first child of its name, or behind the last node.
    public mutating func replace(_ element: XMLElement) {
        let place = nodes.firstIndex { node in
            guard case .element(let old) = node else { return false }
            return old.localName == element.localName
        }
        if let place { nodes[place] = .element(element) } else { nodes.append(.element(element)) }
    }
}
