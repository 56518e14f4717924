/// The small guest that boots: for trying virtual machines, and for finding out whether KVM works.
struct GuestImage: Sendable, Hashable {
    let folder: String

    /// A qcow2 of 16 MB: a 64 MB disk that boots under a BIOS.
    var disk: String { folder + "/drover-guest.qcow2" }
    var kernel: String { folder + "/vmlinuz" }
    var initialRoot: String { folder + "/initrd" }

    /// Takes it from the cache or makes it.
    static func prepare(progress: LabProgress) async throws(LabError) -> GuestImage {
        let sources = AptSources.machine()
        let script = BuildScript(name: "image.sh", bytes: PackageResources.image_sh)
        let first = String(decoding: PackageResources.guest_sh, as: UTF8.self)
        let seed = String(decoding: PackageResources.guest_seed_sh, as: UTF8.self)
        let counter = String(decoding: PackageResources.guest_counter_c, as: UTF8.self)
        let folder = try await Cache.directory(
            "guest", recipe: [script.text, first, seed, counter, sources.codename], progress: progress
        ) { (out, work) throws(LabError) in
            progress("making the guest image")
            try await script.run([out, work, Cache.packageFiles, sources.write(in: work), first, seed, counter])
        }
        return GuestImage(folder: folder)
    }
}
