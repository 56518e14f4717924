internal import Glibc
package import Values

/// Makes a new fleet directory from the sample fleet that is installed with the executable.
package struct FleetCreation: Sendable {
    private let fleet: FleetDirectory

    package init(_ fleet: FleetDirectory) { self.fleet = fleet }

    /// Copies inventory and roles, and keeps secrets out of version control. What exists is never overwritten.
    /// - Throws: `Diagnostics` when the directory holds a fleet already or the stock files cannot be found.
    package func create() throws {
        let stock = try StockFiles.locate()
        if DiskPath.exists(DiskPath.join(fleet.root, "inventory")) {
            throw Diagnostics(
                .error(
                    "\"\(fleet.root)\" is a fleet already", detail: "it has an inventory",
                    hint: "choose another directory"))
        }
        try DiskPath.makeDirectory(fleet.root)
        for folder in ["inventory", "roles"] {
            try copyTree(DiskPath.join(stock, folder), to: DiskPath.join(fleet.root, folder))
        }
        let ignored = "# keys and what drover remembers stay out of version control\n/pki/\n/.drover/\n"
        let path = DiskPath.join(fleet.root, ".gitignore")
        if !DiskPath.exists(path) { try DiskFile.write(Array(ignored.utf8), to: path) }
    }

    private func copyTree(_ source: String, to destination: String) throws(FileError) {
        try DiskPath.makeDirectory(destination)
        for name in DiskPath.list(source) where !name.hasPrefix(".") && name != "known_hosts" {
            let from = DiskPath.join(source, name)
            let into = DiskPath.join(destination, name)
            if DiskPath.isDirectory(from) {
                try copyTree(from, to: into)
            } else {
                try DiskFile.write(try DiskFile.read(from), to: into)
            }
        }
    }
}

/// The roles and the sample inventory that come with the executable: `PREFIX/share/drover`, or the checkout it was
/// built in.
package enum StockFiles {
    /// - Throws: `Diagnostics` naming where was looked.
    package static func locate() throws(Diagnostics) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let executable = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = DiskPath.parent(executable)
        let installed = DiskPath.join(DiskPath.parent(folder), "share/drover")
        if isStock(installed) { return installed }
        // A build lies in .build/<triple>/<configuration>/ of its checkout.
        var above = folder
        for _ in 0..<5 {
            above = DiskPath.parent(above)
            if isStock(above), DiskPath.isFile(DiskPath.join(above, "Package.swift")) { return above }
        }
        throw Diagnostics(
            .error(
                "the stock roles cannot be found", detail: "looked in \"\(installed)\" and above \"\(folder)\"",
                hint: "install drover with `make install`, which brings them along"))
    }

    private static func isStock(_ folder: String) -> Bool {
        DiskPath.isDirectory(DiskPath.join(folder, "roles")) && DiskPath.isDirectory(DiskPath.join(folder, "inventory"))
    }
}
