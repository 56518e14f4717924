internal import States
internal import Values

private let common: [Parameter] = [
    Parameter("cwd", .text, "where it runs; /"),
    Parameter("env", .mapping, "variables: a mapping, a list of mappings, or NAME=value"),
    Parameter("shell", .text, "the shell; /bin/sh"),
    Parameter("timeout", .number, "seconds after which it is ended; none"),
    Parameter("umask", .mode, "file mode mask; 022"),
    Parameter("success_retcodes", .texts, "exit codes besides 0 that are success"),
    Parameter("hide_output", .truth, "leave its output out of the result; false"),
    Parameter("output_loglevel", .ignored, "the result has the output"),
    Parameter("ignore_timeout", .ignored, "a timeout is a failure"),
    Parameter("use_vt", .ignored, "there is no terminal"),
]

let commandStates: [StateFunction] = [
    StateFunction("cmd", "run", "The command has run.", [.command], common) { planner in
        planCommand(&planner, file: nil)
        planner.run.append("cmd_run")
    },
    StateFunction("cmd", "wait", "The command runs when something that it watches has changed.", [.command], common) {
        planner in
        planCommand(&planner, file: nil)
        planner.again = planner.run + ["cmd_run"]
        planner.run.append("cmd_wait")
    },
    StateFunction(
        "cmd", "script", "The script has run.", [.command],
        common + [
            Parameter("source", .text, "the script: salt://role/path; the name if left out"),
            Parameter("template", .text, "jinja: render the script"),
            Parameter("context", .mapping, "variables for the template"),
            Parameter("defaults", .mapping, "variables for the template that \"context\" overrides"),
        ], plan: planScript),
]

private func planCommand(_ planner: inout StatePlanner, file: BundleFile?) {
    if planner.argument("runas") != nil || planner.chunk.runtime["runas"].map({ !$0.isNull }) == true {
        planner.refuse(
            "\(planner.title) runs commands as the user of the connection only",
            hint: "say \"su -s /bin/sh -c 'command' user\" in the command", at: "runas")
    }
    if !planner.isClean(planner.chunk.name) || planner.chunk.name.isEmpty {
        planner.refuse("the command of \(planner.title) is empty or holds a NUL character", at: "name")
    }
    planner.assign("title", planner.chunk.name)
    planner.assign("cwd", planner.text("cwd").flatMap { planner.absolutePath($0, key: "cwd") } ?? "")
    planner.assign("shell_path", planner.text("shell", default: "/bin/sh"))
    let limit = planner.number("timeout") ?? planner.chunk.runtime["timeout"]?.int
    planner.assign("limit", limit.map(String.init) ?? "")
    planner.assign("mask", planner.mode("umask") ?? "")
    planner.assign("quiet", planner.truth("hide_output", default: false))
    let codes = (planner.texts("success_retcodes") ?? []).filter { Int($0) != nil }
    planner.assign("good_codes", codes.joined(separator: " "))
    planner.assign("blob", file?.blob ?? "")
    let variables = environment(&planner).map { "export " + $0 + "=" + ShellText.quoted($1) }
    planner.functions.append(
        "set_environment_\(planner.index)() {\n" + (variables + [":"]).joined(separator: "\n") + "\n}")
}

@Sendable private func planScript(_ planner: inout StatePlanner) {
    let source = planner.text("source", default: planner.chunk.name)
    guard let content = FileContent.bytes(source, rendered: planner.text("template") != nil, &planner) else {
        planner.refuse("source \"\(source)\" of cmd.script does not exist", at: "source")
        return
    }
    let file = planner.bundle(content, path: "", isExposed: true)
    planCommand(&planner, file: file)
    planner.run.append("cmd_run")
}

/// The variables of `env`, in order.
private func environment(_ planner: inout StatePlanner) -> [(String, String)] {
    guard let value = planner.argument("env") else { return [] }
    var list: [(String, String)] = []
    let items = value.list ?? [value]
    for item in items {
        if let map = item.map {
            for (key, value) in map {
                guard let text = value.string ?? value.raw ?? value.scalarText ?? (value.isNull ? "" : nil) else {
                    planner.wrong("env", value, expected: "text")
                    continue
                }
                list.append((key.scalarText ?? "", text))
            }
        } else if let text = item.string, let sign = text.firstIndex(of: "=") {
            list.append((String(text[..<sign]), String(text[text.index(after: sign)...])))
        } else {
            planner.wrong("env", item, expected: "a mapping or NAME=value")
        }
    }
    for (name, text) in list where !isVariable(name) || !planner.isClean(text) {
        planner.refuse("\"\(name)\" is no name of a variable", at: "env")
    }
    return list.filter { isVariable($0.0) }
}

private func isVariable(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return name.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789_".unicodeScalars.contains($0))
    }
}
