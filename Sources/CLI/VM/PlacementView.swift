internal import Fleet
internal import Values

/// How hosts were judged, as people see it.
enum PlacementView {
    static func show(_ placings: [MachinePlacing], _ format: OutputFormat) {
        Output.write(Value(placings.map(\.value)), format) { table(placings) }
    }

    static func table(_ placings: [MachinePlacing]) -> String {
        var table = Table("VM", "HOST", "SCORE", "")
        for placing in placings {
            for verdict in placing.verdicts {
                let isChosen = verdict.host == placing.host
                let score = verdict.isFit ? String(verdict.score) : "-"
                table.add([placing.name, verdict.host + (isChosen ? " *" : ""), score, words(verdict)])
            }
        }
        return table.text
    }

    private static func words(_ verdict: HostVerdict) -> String {
        let unknown = verdict.unknown.isEmpty ? "" : " (not known: \(verdict.unknown.joined(separator: "; ")))"
        guard verdict.isFit else { return verdict.obstacles.map(\.text).joined(separator: "; ") + unknown }
        return verdict.parts.map { "\($0.name) \($0.points)" }.joined(separator: ", ") + unknown
    }
}

extension CommonOptions {
    /// Shows where VMs would be made and why; nothing is made.
    /// - Throws: ``CommandFailure`` when one of them can be nowhere.
    func explain(_ specs: [MachineSpec], _ context: FleetContext) async throws {
        let placement = MachinePlacement(context, driver: try hypervisors(context))
        let placings = try placement.explain(specs, in: await placement.survey(specs))
        PlacementView.show(placings, format)
        let nowhere = placings.filter { $0.host == nil }
        guard !nowhere.isEmpty else { return }
        let isForSilence = nowhere.allSatisfy(\.isForSilence)
        throw CommandFailure(
            isForSilence ? .hostsUnreachable : .error,
            nowhere.map(\.refusal))
    }
}
