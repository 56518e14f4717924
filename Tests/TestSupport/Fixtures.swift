/// Paths that tests use.
public enum Checkout {
    /// The root of the checkout, found from this file's own path.
    public static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/")
    }()
}
