internal import Inventory
internal import Values

/// The images that entries name: those of the store, and those still to be taken in: files, URLs, the catalogue's.
struct UpImages: Sendable {
    private let context: FleetContext

    init(_ context: FleetContext) { self.context = context }

    /// One line for each image, also for one that is neither in the store nor to be had.
    /// - Throws: `Diagnostics` for mistakes in the catalogue.
    func lines(_ wishes: [MachineWish]) throws(Diagnostics) -> [UpPlan.ImageLine] {
        let store = ImageStore(context.directory)
        let catalogue = try ImageCatalogue(context.inventory)
        var lines: [UpPlan.ImageLine] = []
        for wish in wishes {
            guard let name = wish.spec.image, !lines.contains(where: { $0.name == name }) else { continue }
            do throws(Diagnostic) {
                let isThere = (try? store.find(name)) != nil
                let source = isThere ? nil : try source(of: name, wish, catalogue)
                lines.append(UpPlan.ImageLine(name: name, source: source))
            } catch {
                lines.append(UpPlan.ImageLine(name: name, source: nil, problem: error))
            }
        }
        return lines
    }

    /// Refuses a plan that makes VMs from images that are not to be had. (A copy of the inventory on another machine knows
    /// no images, and needs none as long as its VMs are there.)
    /// - Parameter plan: nil where the VMs are not known yet.
    static func refuseAbsent(
        _ lines: [UpPlan.ImageLine], _ wishes: [MachineWish], _ plan: FleetPlan?
    ) throws(Diagnostics) {
        let made = plan.map { plan in Set(plan.lines.filter { [.create, .refused].contains($0.action) }.map(\.name)) }
        let needed = wishes.filter { made?.contains($0.spec.name) ?? true }.compactMap(\.spec.image)
        if let found = Diagnostics(lines.filter { needed.contains($0.name) }.compactMap(\.problem)) { throw found }
    }

    private func source(
        of name: String, _ wish: MachineWish, _ catalogue: ImageCatalogue
    ) throws(Diagnostic) -> UpPlan.ImageLine.Source {
        if let given = wish.imageSource {
            if let location = ImageLocation(given) { return .location(location, ImageProof()) }
            if DiskPath.isFile(given) { return .file(given) }
            throw .error("there is no image file \"\(given)\"", mark: wish.mark)
        }
        if let entry = catalogue.entry(name) { return .location(entry.location, entry.proof) }
        let near = NearestName.hint(for: name, among: catalogue.entries.map(\.name))
        throw .error(
            "there is no image \"\(name)\"", detail: "it is neither in the store nor in the catalogue",
            hint: near ?? "add it with `drover image add FILE --name \(name)`, or give a path or URL", mark: wish.mark)
    }

    /// Takes in what is missing.
    func fetch(_ lines: [UpPlan.ImageLine], say: @escaping @Sendable (String) -> Void) async throws {
        let intake = ImageIntake(context.directory, say: say)
        for line in lines {
            switch line.source {
            case .file(let path): _ = try await intake.add(.file(path), names: ImageNames(name: line.name))
            case .location(let location, let proof):
                _ = try await intake.add(.location(location), names: ImageNames(name: line.name), proof: proof)
            case nil: continue
            }
        }
    }
}
