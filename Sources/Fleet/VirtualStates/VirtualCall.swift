internal import Hypervisor
internal import Inventory
internal import Modules
internal import States
internal import Values

/// One state that the controller carries out: its arguments, and the hypervisor that it is about.
struct VirtualCall: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver
    let host: Host
    let chunk: LowChunk
    /// Foretell only; nothing is touched.
    let isTest: Bool
    /// What the states before this one foretold; empty when the run is no check.
    let foresight: Foresight

    var name: String { chunk.name }

    init(
        _ context: FleetContext, driver: any HypervisorDriver, host: Host, chunk: LowChunk, isTest: Bool,
        foresight: Foresight
    ) {
        self.context = context
        self.driver = driver
        self.chunk = chunk
        self.isTest = isTest
        self.foresight = foresight
        self.host = host
    }

    /// The census, journals and recovery know one hypervisor of each host.
    /// - Throws: when `connection` names another one.
    func checkConnection() throws(Diagnostics) {
        guard let given = text("connection") else { return }
        let own = host.uri ?? "qemu:///system"
        // Salt says it as the host sees itself: without a host, that is a hypervisor of the same kind.
        let (asked, known) = (try? HypervisorURI(given), try? HypervisorURI(own))
        let isOwn = asked?.namesHost == false && asked?.driver == known?.driver && asked?.path == known?.path
        guard given != own, !isOwn else { return }
        throw Diagnostics(
            .error(
                "\"\(given)\" is not the hypervisor of \(host.name), which is \"\(own)\"",
                hint: "leave out \"connection\", or give the inventory a host of its own with `uri: '\(given)'`",
                mark: argument("connection")?.mark ?? chunk.mark, host: host.name))
    }

    // MARK: arguments, whose kinds were looked at when the run was planned

    func argument(_ key: String) -> Value? {
        guard let value = chunk.arguments[key], !value.isNull else { return nil }
        return value
    }

    func text(_ key: String) -> String? { argument(key).flatMap { $0.string ?? $0.raw ?? $0.scalarText } }

    func truth(_ key: String) -> Bool? {
        guard let value = argument(key) else { return nil }
        return value.bool ?? ["true", "yes", "on"].contains(value.string?.lowercased() ?? "")
    }

    func number(_ key: String) -> Int? { argument(key).flatMap { $0.int ?? $0.string.flatMap { Int($0) } } }

    // MARK: answers

    /// What was done, or in check mode would be.
    func changed(_ changes: Mapping, _ done: String, wouldBe foretold: String) -> ControllerAnswer {
        ControllerAnswer(result: isTest ? nil : true, changes: changes, comment: isTest ? foretold : done)
    }

    func unchanged(_ comment: String) -> ControllerAnswer { ControllerAnswer(result: true, comment: comment) }

    func failed(_ comment: String, isSoft: Bool = false) -> ControllerAnswer {
        ControllerAnswer(result: false, comment: comment, isSoft: isSoft)
    }

    // MARK: the hypervisor

    /// Talks to the host's hypervisor.
    func connected<Answer: Sendable>(
        _ body: (HypervisorConnection) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await driver.connect(to: host)
        do {
            let answer = try await body(connection)
            await connection.close()
            return answer
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: host.name)
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The VM of the state's name, in a check as it would be by then.
    func machine() async throws -> DomainSummary? {
        let there = try await connected { connection in try await connection.domain(.name(name)) }
        guard isTest else { return there }
        return await foresight.machines(there.map { [$0] } ?? []).first { $0.name == name }
    }

    /// The host's VMs whose names the state's name means, as a name or as a pattern.
    func machines() async throws -> [DomainSummary] {
        var all = try await connected { connection in try await connection.domains() }
        if isTest { all = await foresight.machines(all) }
        guard Wildcard.isPattern(name) else { return all.filter { $0.name == name } }
        let pattern = Wildcard(name)
        return all.filter { pattern.matches($0.name) }
    }
}
