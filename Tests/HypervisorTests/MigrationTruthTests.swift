import Hypervisor
import Testing

@Suite struct MigrationTruthTests {
    @Test func decidesEveryPairAsTheTableSays() throws {
        var left = Set(SideState.allCases.flatMap { source in SideState.allCases.map { [source, $0] } })
        for line in try Fixture.lines("migration-truth.txt") {
            let fields = line.split(separator: " ").map(String.init)
            let source = try #require(SideState(rawValue: fields[0]), "\(line)")
            let destination = try #require(SideState(rawValue: fields[1]), "\(line)")
            let wanted = try #require(RecoveryAction(rawValue: fields[2]), "\(line)")
            #expect(MigrationTruth.action(source: source, destination: destination) == wanted, "\(line)")
            left.remove([source, destination])
        }
        #expect(left.isEmpty, "pairs without a line")
    }

    /// Whatever the table says, these must hold of it.
    @Test func neverLosesOrDoublesAGuest() {
        for source in SideState.allCases {
            for destination in SideState.allCases {
                let action = MigrationTruth.action(source: source, destination: destination)
                let pair: Comment = "\(source) \(destination) \(action)"
                switch action {
                case .resumeDestination:
                    #expect([.absent, .shutOffMigrated].contains(source), pair)
                case .discardDestination:
                    #expect([.pausedByUs, .pausedIncoming].contains(destination), pair)
                    #expect([.running, .pausedByUs, .pausedOther].contains(source), pair)
                case .destroySource:
                    #expect(source == .pausedMigration, pair)
                    #expect([.running, .pausedByUs].contains(destination), pair)
                case .resumeSource, .deleteLeftovers:
                    #expect(destination == .absent, pair)
                case .finish:
                    #expect([.absent, .shutOffMigrated, .shutOff].contains(source), pair)
                default: break
                }
                if source == .unreachable || destination == .unreachable {
                    #expect([.waitForHost, .askForFencing, .reattach, .askOperator].contains(action), pair)
                }
            }
        }
    }

    @Test func mapsWhatLibvirtSays() throws {
        for line in try Fixture.lines("side-states.txt") {
            let fields = line.split(separator: " ").map(String.init)
            let side = try #require(SideState.Side(rawValue: fields[0]), "\(line)")
            let wanted = try #require(SideState(rawValue: fields[4]), "\(line)")
            let activity = Int32(fields[1]).flatMap(DomainState.Activity.init)
            let state = try activity.map { DomainState(activity: $0, reason: try #require(Int32(fields[2]))) }
            #expect(SideState(state, hasJob: fields[3] == "yes", on: side) == wanted, "\(line)")
        }
    }
}
