internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Lab
internal import PKI
internal import SSH
internal import Values

/// The exit codes, which scripts rely on, and the one place where errors become codes.
enum ExitStatus: Int32 {
    case ok = 0
    case error = 1
    case pending = 2
    case hostsFailed = 3
    case hostsUnreachable = 4
    case unknownOutcome = 5
    case detached = 6
    case locked = 11
    case usage = 64
    case interrupted = 130

    var code: ExitCode { ExitCode(rawValue) }

    /// Prints an error and gives the code to leave with.
    static func report(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        if let failure = error as? CommandFailure {
            Terminal.show(failure.diagnostics)
            return failure.status.rawValue
        }
        if let unsettled = error as? OperationUnsettled {
            Terminal.show([unsettled.diagnostic])
            return ExitStatus.unknownOutcome.rawValue
        }
        if let diagnostics = diagnostics(of: error) {
            Terminal.show(diagnostics)
            let isUnreached = (error as? HostProblem).map { $0.kind != .failed } ?? false
            return isUnreached ? ExitStatus.hostsUnreachable.rawValue : ExitStatus.error.rawValue
        }
        if let locked = error as? OperationLocked {
            Terminal.show([locked.diagnostic])
            return ExitStatus.locked.rawValue
        }
        if error is CancellationError { return ExitStatus.interrupted.rawValue }
        let status = Root.exitCode(for: error)
        let text = Root.fullMessage(for: error)
        if !text.isEmpty { status == .success ? Terminal.write(text + "\n") : Terminal.note(text) }
        if status == .success { return 0 }
        return status == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.error.rawValue
    }

    static func diagnostics(of error: any Error) -> [Diagnostic]? {
        switch error {
        case let several as Diagnostics: several.all
        case let error as HypervisorError: [HostProblem(error, host: error.host).diagnostic]
        case let one as Diagnostic: [one]
        case let file as FileError: [file.diagnostic]
        case let error as PKIError: [error.diagnostic]
        case let unsettled as OperationUnsettled: [unsettled.diagnostic]
        case let problem as HostProblem: [problem.diagnostic]
        default: nil
        }
    }
}

/// An end of a command that is no success: what to say and how to exit.
struct CommandFailure: Error {
    var status: ExitStatus
    var diagnostics: [Diagnostic]

    init(_ status: ExitStatus, _ diagnostics: [Diagnostic] = []) {
        self.status = status
        self.diagnostics = diagnostics
    }
}
