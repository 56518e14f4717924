internal import Fleet
internal import Values

extension CommonOptions {
    /// Waits until the guests of VMs can be logged in to, all at once; tells of each stage.
    /// - Returns: why some cannot.
    func waitForGuests(_ names: [String], seconds: Int) async throws -> [any Error] {
        let context = try context()
        let driver = try hypervisors(context)
        let isVerbose = verbose
        let waiting = GuestWaiting(context, driver: driver) { words in
            isVerbose ? Terminal.note(Printable.line(words)) : Terminal.status(Printable.line(words))
        }
        let outcomes = await fanOut(names, limit: parallel) { name -> (any Error)? in
            do {
                let found = try await MachineAccess(context, driver: driver).find(name)
                let answer = try await waiting.wait(for: found, seconds: seconds)
                Terminal.clearStatus()
                Terminal.note("\(Printable.line(name)) answers at \(answer.login ?? "")")
                return nil
            } catch {
                return error
            }
        }
        Terminal.clearStatus()
        return outcomes.compactMap(\.self)
    }
}
