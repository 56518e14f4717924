import Foundation
import Testing

extension OnALab {
    @Suite struct FaultTests {
        /// Some of the matrix, of what leaves the guest where it was: `make test-faults` runs all of it.
        @Test func oneCopyAndNoNumberIsLostWhateverGoesWrong() async throws {
            let matrix = FaultMatrix(fleet: try LabFleet.shared())
            try await matrix.prepare(san: false)
            let cells = [
                FaultCell(fault: .targetLibvirtd, phase: .copying, disk: .local),
                FaultCell(fault: .cancel, phase: .copying, disk: .local),
                FaultCell(fault: .sourceQEMU, phase: .copying, disk: .local),
            ]
            let failed = try await matrix.run(cells.count, seed: .random(in: 1...999_999), chosen: cells)
            for result in failed { Issue.record("\(result)") }
        }
    }
}

/// `make test-faults`: as many runs as `DROVER_FAULTS` says, added to those of the report. `DROVER_SEED` repeats a call.
@Suite(
    .serialized, .enabled(if: FaultMatrix.asked != nil, "takes long; DROVER_FAULTS=N asks for it"),
    .onOneLabOfBackports,
    .timeLimit(.minutes(1440)))
struct AllFaults {
    @Test func oneCopyAndNoNumberIsLostWhateverGoesWrong() async throws {
        let given = ProcessInfo.processInfo.environment["DROVER_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        let count = try #require(FaultMatrix.asked)
        print("\(count) runs, DROVER_SEED=\(seed), report \(FaultMatrix.report)")
        let matrix = FaultMatrix(fleet: try LabFleet.shared())
        try await matrix.prepare(san: true)
        for host in matrix.fleet.hosts { try await matrix.bound(host) }
        let failed = try await matrix.run(count, seed: seed)
        for result in failed { Issue.record("\(result)") }
    }
}
