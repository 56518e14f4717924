package import Hypervisor
internal import Values

extension HostProblem {
    /// A hypervisor's refusal, with libvirt's whole text.
    package init(_ error: HypervisorError, host: String) {
        self.init(
            error.isConnectionLoss ? .lost : .failed,
            .error("cannot \(error.operation): \(error.message)", hint: error.hint, host: host))
    }

    /// Whatever went wrong with one of several hosts or VMs, as what is told of that one.
    /// - Parameter host: where it was; nil where that is not known.
    package init(_ error: any Error, host: String? = nil) {
        switch error {
        case let problem as HostProblem: self = problem
        case let error as HypervisorError: self.init(error, host: host ?? error.host)
        case let unknown as MigrationUnknown: self.init(.lost, unknown.diagnostic)
        case let unsettled as OperationUnsettled: self.init(.lost, unsettled.diagnostic)
        case is MigrationDetached:
            self.init(.lost, .error("let go: the migration goes on by itself", hint: "`drover op list`"))
        default: self.init(.failed, Self.diagnostic(of: error))
        }
        diagnostic.host = diagnostic.host ?? host
    }

    private static func diagnostic(of error: any Error) -> Diagnostic {
        switch error {
        case let several as Diagnostics: several.all.first ?? .error("it failed")
        case let one as Diagnostic: one
        case let locked as OperationLocked: locked.diagnostic
        case let file as FileError: file.diagnostic
        case is CancellationError: .error("interrupted", hint: "run it again to go on")
        default: .error("\(error)")
        }
    }
}
