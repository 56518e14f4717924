extension OperationLock {
    /// What linked clones share on a host: held while a layer gets or loses users. Waits for others, who are quick.
    static func layers(_ fleet: FleetDirectory, on host: String) async throws -> OperationLock {
        for _ in 0..<600 {
            do {
                return try OperationLock(fleet, "layers-\(host)", meaning: "the linked clones on \(host)")
            } catch is OperationLocked {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try OperationLock(fleet, "layers-\(host)", meaning: "the linked clones on \(host)")
    }
}
