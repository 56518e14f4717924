internal import Values

let testStates: [StateFunction] = [
    fixed("nop", "Nothing happens.", changes: false, result: true, comment: "Success!"),
    fixed(
        "succeed_without_changes", "Succeeds and changes nothing.", changes: false, result: true, comment: "Success!"),
    fixed(
        "succeed_with_changes", "Succeeds and says that something changed.", changes: true, result: true,
        comment: "Success!"),
    fixed("fail_without_changes", "Fails and changes nothing.", changes: false, result: false, comment: "Failure!"),
    fixed(
        "fail_with_changes", "Fails and says that something changed.", changes: true, result: false, comment: "Failure!"
    ),
    StateFunction(
        "test", "configurable_test_state", "Ends as it is told to.", [.command],
        [
            Parameter("changes", .truth, "whether something changes; true"),
            Parameter("result", .truth, "whether it succeeds; true"),
            Parameter("comment", .text, "what it says"),
            Parameter("warnings", .ignored, "not shown"),
        ]
    ) { planner in
        let changes = planner.truth("changes", default: true)
        let result = planner.truth("result", default: true)
        plan(&planner, changes, result, planner.text("comment", default: ""))
    },
    StateFunction(
        "test", "show_notification", "Says something.", [.command], [Parameter("text", .text, "what is said")]
    ) { planner in
        guard let text = planner.text("text") else {
            planner.refuse("\"text\" of test.show_notification is missing")
            return
        }
        plan(&planner, false, true, text)
    },
]

private func fixed(
    _ function: String, _ summary: String, changes: Bool, result: Bool, comment: String
) -> StateFunction {
    StateFunction(
        "test", function, summary, [.command], [Parameter("comment", .text, "what it says; \"\(comment)\"")]
    ) { planner in
        plan(&planner, changes, result, planner.text("comment", default: comment))
    }
}

private func plan(_ planner: inout StatePlanner, _ changes: Bool, _ result: Bool, _ comment: String) {
    planner.call("test_state", [changes ? "yes" : "no", result ? "true" : "false", comment])
    planner.again = planner.run
}
