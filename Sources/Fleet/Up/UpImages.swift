internal import Values

/// The images that entries name: those of the store, and files that are still to be taken in.
struct UpImages: Sendable {
    private let context: FleetContext

    init(_ context: FleetContext) { self.context = context }

    /// - Throws: `Diagnostics` for what is neither in the store nor to be had.
    func lines(_ wishes: [MachineWish]) throws(Diagnostics) -> [UpPlan.ImageLine] {
        let store = ImageStore(context.directory)
        var lines: [UpPlan.ImageLine] = []
        var problems: [Diagnostic] = []
        for wish in wishes {
            guard let word = wish.spec.image, !lines.contains(where: { $0.word == word }) else { continue }
            let isThere = (try? store.find(word)) != nil
            lines.append(UpPlan.ImageLine(word: word, isMissing: !isThere))
        }
        if let found = Diagnostics(problems) { throw found }
        return lines
    }
}
