package import Values

/// The files of the roles, by paths relative to the roots (`hypervisor/init.sls`).
package protocol SourceTree: Sendable {
    /// The text of a file, or nil when there is none; throws when there is one that cannot be read as text.
    func read(_ path: String) throws -> SourceText?
    /// The bytes of a file, or nil when there is none.
    func bytes(_ path: String) throws -> [UInt8]?
    /// The paths of all files below a folder, at any depth, relative to the roots, sorted; `""` is the root.
    func list(_ folder: String) -> [String]
}

extension SourceTree {
    /// The text of a file, with whatever reading throws as a diagnostic.
    func text(_ path: String) throws(Diagnostics) -> SourceText? {
        do {
            return try read(path)
        } catch let error as Diagnostics {
            throw error
        } catch let error as Diagnostic {
            throw Diagnostics(error)
        } catch {
            throw Diagnostics(.error("\"\(path)\" cannot be read", detail: "\(error)"))
        }
    }
}
