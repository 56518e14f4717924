extension HypervisorConnection {
    /// What happens to domains from now on. Several may listen; each stream ends with the connection.
    ///
    /// When the connection breaks, the last event is `connectionLost`.
    public func events() async throws(HypervisorError) -> AsyncStream<DomainEvent> {
        let stream = hub.listen()
        try await call("listen to events") { [hub] call throws(HypervisorError) in try hub.register(call) }
        return stream
    }
}
