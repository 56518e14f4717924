internal import Hypervisor
internal import Inventory
internal import SSH
internal import Values

/// One guest while it is waited for: looks again and again until it has come as far as it should.
actor GuestWatch {
    /// How far it came, and what kept it from going further.
    struct Seen: Sendable {
        var answer = GuestWaiting.Answer()
        var problem: String?

        var words: String {
            let address = answer.addresses.first.map { "\($0.address) (by \($0.source.rawValue))" } ?? ""
            return switch answer.stage {
            case .running: "it runs"
            case .agent: "its agent answers"
            case .address: "it has the address \(address)"
            case .login: "its SSH server answers at \(address)"
            }
        }
    }

    private(set) var seen = Seen()
    private let context: FleetContext
    private let found: MachineCensus.Found
    private let connection: HypervisorConnection
    private let goal: GuestWaiting.Goal
    private let say: @Sendable (String) -> Void
    private let began = Clock.monotonic
    private var shell: (any HostConnection)?
    private var lastProbe: UInt64 = 0
    private static let pause = Duration.milliseconds(400)
    private static let probePause: UInt64 = 4_000_000_000

    init(
        _ context: FleetContext, found: MachineCensus.Found, connection: HypervisorConnection,
        goal: GuestWaiting.Goal, say: @escaping @Sendable (String) -> Void
    ) {
        self.context = context
        self.found = found
        self.connection = connection
        self.goal = goal
        self.say = say
    }

    /// Ends when the goal is reached, the VM stops, or its task is cancelled.
    func run() async -> Result<GuestWaiting.Answer, any Error> {
        say("waiting for \(found.machine.name)")
        do {
            while seen.answer.stage < goal.stage {
                try Task.checkCancellation()
                try await look()
                if seen.answer.stage < goal.stage { try await Task.sleep(for: Self.pause) }
            }
            seen.answer.seconds = Double(Clock.monotonic - began) / 1e9
            return .success(seen.answer)
        } catch let error as HypervisorError {
            return .failure(HostProblem(error, host: found.host.name))
        } catch {
            return .failure(error)
        }
    }

    func close() async { await shell?.close() }

    private func look() async throws {
        let name = found.machine.name
        let state = try await connection.state(.uuid(found.machine.uuid))
        guard state.isActive else {
            throw Diagnostics(.error("\"\(name)\" is \(state.activity.name) (\(state.reasonName))"))
        }
        let description = try await connection.description(of: .uuid(found.machine.uuid))
        if description.isAgentConnected { reach(.agent) }
        guard goal > .agent else { return }
        guard !description.interfaces.isEmpty else { throw Diagnostics(.error("\"\(name)\" has no network card")) }
        let addresses = MachineAddresses(context, host: found.host, machine: found.machine, connection: connection)
        let known = try await addresses.known(description)
        // What nobody knows of now may have been found by asking the network.
        if !known.isEmpty { seen.answer.addresses = ranked(known + seen.answer.addresses, description) }
        if !seen.answer.addresses.contains(where: { !$0.isLinkLocal }) { try await probe(description) }
        guard let address = seen.answer.addresses.first(where: { !$0.isLinkLocal }) else { return }
        reach(.address)
        if goal == .login { await knock(at: address.address) }
    }

    private func reach(_ stage: GuestWaiting.Stage) {
        guard seen.answer.stage < stage else { return }
        seen.answer.stage = stage
        seen.problem = nil
        say("\(found.machine.name): \(seen.words)")
    }

    /// Has the host ask its network, now and then.
    private func probe(_ description: DomainDescription) async throws {
        guard Clock.monotonic > lastProbe + Self.probePause else { return }
        do throws(HostProblem) {
            let heard = try await NeighbourProbe(description).addresses(on: openShell(), host: found.host.name)
            seen.answer.addresses = ranked(seen.answer.addresses + heard, description)
        } catch {
            seen.problem = "its host's network could not be asked: \(error.diagnostic.summary)"
            await dropShell()
        }
        lastProbe = Clock.monotonic
    }

    /// Looks whether an SSH server answers there, through the host.
    private func knock(at address: String) async {
        do throws(HostProblem) {
            let jump = try await openShell().session
            do throws(SSHError) {
                let given = found.machine.metadata?.hostKey
                let type = given?.split(separator: " ").first.map { [String($0)] }
                // A guest that boots may leave a connection unanswered; one whose server has begun may be slow.
                let key = try await SSHSession.hostKey(
                    of: address, via: jump, types: type, timeout: 20, connectTimeout: 3)
                // Until its first boot has put the key in place, or when somebody else has the address.
                if let given, key.text != given {
                    seen.problem = "the SSH server at \(address) does not show the host key that the VM was given"
                    return
                }
                seen.answer.login = address
                reach(.login)
            } catch {
                seen.problem = "nothing speaks SSH there yet: \(error.message)"
                // A connection that the host still tries would keep the next one waiting.
                if error.code == .timeout || error.code == .connectionLost { await dropShell() }
            }
        } catch {
            seen.problem = "its host cannot be used as the way there: \(error.diagnostic.summary)"
        }
    }

    private func ranked(_ addresses: [GuestAddress], _ description: DomainDescription) -> [GuestAddress] {
        GuestAddress.ranked(addresses, macs: description.interfaces.map(\.mac))
    }

    private func openShell() async throws(HostProblem) -> any HostConnection {
        if let shell { return shell }
        let opened = try await context.connector.connect(to: found.host)
        shell = opened
        return opened
    }

    private func dropShell() async {
        await shell?.close()
        shell = nil
    }
}

extension GuestWaiting.Goal: Comparable {
    package static func < (left: GuestWaiting.Goal, right: GuestWaiting.Goal) -> Bool { left.stage < right.stage }
}
