package import Values

/// Which VMs move where, and which cannot; decided as a whole before the first one moves.
package struct Relocation: Sendable, Hashable {
    package struct Move: Sendable, Hashable {
        package let vm: String
        package let uuid: String
        package let from: String
        package let to: String
        /// Whether it runs, or is paused, and moves as it is.
        package let isLive: Bool
        package let memoryMiB: Int

        package init(vm: String, uuid: String, from: String, to: String, isLive: Bool, memoryMiB: Int) {
            self.vm = vm
            self.uuid = uuid
            self.from = from
            self.to = to
            self.isLive = isLive
            self.memoryMiB = memoryMiB
        }

        /// As a user would type it.
        package var command: String { "drover vm migrate \(vm) --to \(to)" }

        package var value: Value {
            [
                "vm": Value(vm), "uuid": Value(uuid), "from": Value(from), "to": Value(to),
                "mode": isLive ? "live" : "offline", "memory_mib": Value(memoryMiB), "command": Value(command),
            ]
        }
    }

    package struct Stay: Sendable, Hashable {
        package let vm: String
        package let uuid: String
        package let host: String
        package let isActive: Bool
        package let reason: Diagnostic

        package var value: Value {
            [
                "vm": Value(vm), "uuid": Value(uuid), "host": Value(host),
                "reason": Value(reason.summary), "detail": reason.detail.map { Value($0) } ?? .null,
            ]
        }
    }

    /// In the order in which they are begun.
    package var moves: [Move] = []
    package var stays: [Stay] = []

    package init(moves: [Move] = [], stays: [Stay] = []) {
        self.moves = moves
        self.stays = stays
    }

    /// Stable API: programs read these keys.
    package var value: Value {
        ["moves": Value(moves.map(\.value)), "stays": Value(stays.map(\.value))]
    }
}
