internal import Hypervisor

extension Error {
    /// Whether what was asked of a host may have been done in spite of it, or be done yet: only its refusal is an end.
    var leavesEndUnknown: Bool {
        switch self {
        case let error as HypervisorError: error.isConnectionLoss || error.code == .cancelled
        case let problem as HostProblem: problem.kind != .failed
        default: false
        }
    }
}
