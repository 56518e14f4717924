internal import States
internal import Values

private let access: [Parameter] = [
    Parameter("user", .text, "owner, by name or number; as it is, root for a new file"),
    Parameter("group", .text, "group, by name or number; as it is"),
    Parameter("mode", .mode, "octal, quoted or not; as it is, 0644 for a new file"),
]

let fileStates: [StateFunction] = [
    StateFunction(
        "file", "managed", "A file with this content, owner and mode, replaced by one rename.", [.file],
        access + [
            Parameter("contents", .texts, "the content itself, or its lines"),
            Parameter("contents_newline", .truth, "end the content with a line feed if it has none; true"),
            Parameter("source", .texts, "where the content is: salt://role/path; of several the first that is there"),
            Parameter("template", .text, "jinja: render the content"),
            Parameter("context", .mapping, "variables for the template"),
            Parameter("defaults", .mapping, "variables for the template that \"context\" overrides"),
            Parameter("makedirs", .truth, "make the folders above; false"),
            Parameter("replace", .truth, "change the content of a file that is there; true"),
            Parameter("show_changes", .truth, "show a diff; true"),
            Parameter("backup", .ignored, "no copies of replaced files are kept"),
            Parameter("source_hash", .ignored, "sources are local files"),
            Parameter("skip_verify", .ignored, "sources are local files"),
            Parameter("allow_empty", .ignored, "empty contents are content"),
        ], plan: planManaged),
    StateFunction(
        "file", "directory", "A directory with this owner and mode.", [.file],
        access + [
            Parameter("dir_mode", .mode, "another name of \"mode\""),
            Parameter("makedirs", .truth, "make the folders above; false"),
            Parameter("force", .truth, "replace what is there and no directory; false"),
        ], plan: planDirectory),
    StateFunction("file", "absent", "Nothing at this path.", [.file], [], plan: planAbsent),
    StateFunction(
        "file", "symlink", "A symbolic link to a target.", [.file],
        [
            Parameter("target", .text, "what it points to"),
            Parameter("makedirs", .truth, "make the folders above; false"),
            Parameter("force", .truth, "replace what is there and no link; false"),
            Parameter("user", .text, "owner of the link"),
            Parameter("group", .text, "group of the link"),
        ], plan: planSymlink),
]

/// Folders that hold nothing but themselves are no business of a state.
private func path(_ planner: inout StatePlanner, hashed: Bool) {
    let path = planner.absolutePath()
    planner.assign("path", path)
    planner.assign("at", planner.registers.path(path, hashed: hashed))
}

private func access(_ planner: inout StatePlanner, mode key: String = "mode") {
    planner.assign("mode", planner.mode(key) ?? "")
    planner.assign("user", planner.text("user") ?? "")
    planner.assign("group", planner.text("group") ?? "")
}

@Sendable private func planManaged(_ planner: inout StatePlanner) {
    path(&planner, hashed: true)
    access(&planner)
    planner.assign("makedirs", planner.truth("makedirs", default: false))
    planner.assign("replace", planner.truth("replace", default: true))
    let reveals = planner.truth("show_changes", default: true)
    planner.assign("reveal", reveals)
    guard let content = FileContent.read(&planner) else {
        planner.run += ["sha=''", "blob=''", "binary=0"]
        planner.call("file_managed")
        return
    }
    let file = planner.bundle(content, path: planner.absolutePath(), isSecret: !reveals)
    planner.assign("sha", file.sha256)
    planner.assign("blob", file.blob)
    planner.assign("binary", content.prefix(8192).contains(0))
    planner.call("file_managed")
}

@Sendable private func planDirectory(_ planner: inout StatePlanner) {
    path(&planner, hashed: false)
    access(&planner, mode: planner.argument("dir_mode") == nil ? "mode" : "dir_mode")
    planner.assign("makedirs", planner.truth("makedirs", default: false))
    planner.assign("force", planner.truth("force", default: false))
    planner.call("file_directory")
}

@Sendable private func planAbsent(_ planner: inout StatePlanner) {
    let path = planner.absolutePath()
    if path == "/" || path.split(separator: "/").allSatisfy({ $0 == "." || $0 == ".." }) {
        planner.refuse("file.absent of \"\(path)\" would remove the whole host", at: "name")
    }
    planner.assign("path", path)
    planner.call("file_absent")
}

@Sendable private func planSymlink(_ planner: inout StatePlanner) {
    planner.assign("path", planner.absolutePath())
    guard let target = planner.text("target"), !target.isEmpty else {
        planner.refuse("\"target\" of file.symlink is missing", hint: "say where the link points to")
        return
    }
    planner.assign("target", target)
    planner.assign("makedirs", planner.truth("makedirs", default: false))
    planner.assign("force", planner.truth("force", default: false))
    planner.assign("user", planner.text("user") ?? "")
    planner.assign("group", planner.text("group") ?? "")
    planner.call("file_symlink")
}
