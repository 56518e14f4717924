internal import Fleet

extension CommonOptions {
    /// The way to the hypervisors of hosts, with the controller's own certificate, which is renewed when it is due.
    func hypervisors(_ context: FleetContext) throws -> any HypervisorDriver {
        ControllerDriver(context.directory, timeout: .seconds(timeout))
    }
}
