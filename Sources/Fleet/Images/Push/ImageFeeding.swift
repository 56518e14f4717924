internal import Hypervisor
internal import Inventory
internal import Values

/// Lets a host have an image from others that hold it, so that the controller need not send it.
struct ImageFeeding: Sendable {
    /// Bytes of an image from which on this is worth it: below, the controller has sent it before hosts have met.
    static let least = 32 << 20
    /// Hosts that one is fed by at most.
    private static let most = 3

    let context: FleetContext
    let driver: any HypervisorDriver
    let pool: String
    let say: @Sendable (String) -> Void

    /// - Returns: whether the host has it now; if not, nothing of it is left there, or the journal knows.
    /// - Throws: `CancellationError`.
    func feed(_ image: StoredImage, to host: Host) async throws -> Bool {
        guard image.fileSize >= Self.least else { return false }
        let others = context.inventory.hosts.filter { $0.isHypervisor && $0.name != host.name }
        let answers = await fanOut(others, limit: context.parallel) { other in
            await within(context.timeout) { await holds(image, other) } == true ? other : nil
        }
        let holders = answers.compactMap { $0 }.prefix(Self.most)
        guard !holders.isEmpty else { return false }
        do {
            let report = try await ImagePush(context, driver: driver, pool: pool, say: say)
                .push(image, to: [host], from: Array(holders))
            return report.outcomes.allSatisfy { if case .success = $0.result { true } else { false } }
        } catch let error as CancellationError {
            throw error
        } catch {
            // Somebody else brings it somewhere at this moment: that is no reason to wait.
            return false
        }
    }

    private func holds(_ image: StoredImage, _ host: Host) async -> Bool {
        guard (try? host.require(.transfer)) != nil else { return false }
        let volume = try? await driver.visit(host) { try await $0.volume(image.volumeName, in: pool) }
        return volume != nil
    }
}
