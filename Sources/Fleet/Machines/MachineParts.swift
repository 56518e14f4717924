/// What every host has for VMs.
enum MachineParts {
    /// The pool that Drover makes where there is none.
    static let standardPool = "default"
    static let standardPoolPath = "/var/lib/libvirt/images"
}
