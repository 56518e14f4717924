package import Hypervisor
package import Values

/// A disk as it was asked for: by an option, by an entry of a file, or by a disk profile in Salt's notation. What is nil
/// is left to whatever it is laid over, and in the end to the standard.
package struct DiskRequest: Sendable, Hashable {
    package enum Device: String, Sendable, Hashable, CaseIterable { case disk, cdrom, floppy }

    /// `system`, `data`; empty until it is merged with the profile where it goes by its position.
    package var name: String
    /// Nil: the image's own size.
    package var size: ByteSize?
    /// `qcow2` or `raw`.
    package var format: String?
    /// The pool that its volume is made in.
    package var pool: String?
    /// `virtio`, `scsi`, `sata`, `usb`.
    package var bus: String?
    /// The image of the store that it is made from.
    package var image: String?
    /// An existing volume of the pool, or the path of an existing file or block device: used as it is, never removed.
    package var source: String?
    /// Whether it stands on the image instead of being a copy.
    package var overlay: Bool?
    /// libvirt's cache mode.
    package var cache: String?
    /// `native`, `threads` or `io_uring`.
    package var io: String?
    /// Whether the guest's discards reach the storage.
    package var discard: Bool?
    package var serial: String?
    /// Whether the guest may not write to it; nil is the standard, that it may.
    package var readOnly: Bool?
    /// What the guest sees; nil is the standard, a disk.
    package var kind: Device?
    /// Whether its requests are served by the VM's I/O thread.
    package var iothread: Bool?
    /// Which of the VM's I/O threads that is, from 1; nil is the first.
    package var iothreadID: Int?
    /// What a new volume stands on: a file that is on the host already, and never removed.
    package var backing: VolumeSpec.Backing?
    /// The property of a ZFS volume that shall hold the VM's name. Drover sets none, and says so.
    package var hostnameProperty: String?
    /// Whether space is taken only as it is written; false takes all at once.
    package var sparse: Bool?

    package var isReadOnly: Bool { readOnly ?? false }
    package var device: Device { kind ?? .disk }

    package init(name: String = "", size: ByteSize? = nil) {
        self.name = name
        self.size = size
    }

    /// Reads `size=20G,format=qcow2,pool=default,bus=virtio,image=X,name=data`, or just a size.
    package init(argument: String) throws(Diagnostics) {
        if let size = ByteSize(argument) {
            self.init(size: size)
        } else {
            try self.init(Mapping(argument: argument, of: "the disk"))
        }
    }

    /// Reads a mapping: of a disk profile in Salt's notation, or of a VM's entry.
    /// - Parameter name: the disk's, where the mapping does not say it itself.
    package init(_ mapping: Mapping, name: String = "") throws(Diagnostics) {
        let own = mapping["name"]?.scalarText ?? name
        var reader = KeyReader(mapping, of: own.isEmpty ? "a disk" : "the disk \"\(own)\"")
        self.init(name: reader.text("name") ?? name, size: reader.size("size"))
        format = reader.text("format")
        pool = reader.text("pool")
        bus = reader.text("bus", "model")
        image = reader.text("image")
        source = reader.text("source", "source_file")
        overlay = reader.truth("overlay", "overlay_image")
        cache = reader.text("cache")
        io = reader.text("io")
        discard = reader.truth("discard")
        serial = reader.text("serial")
        readOnly = reader.truth("read_only", "readonly")
        kind = reader.choice("device")
        iothread = reader.truth("iothread")
        iothreadID = reader.whole("iothread_id", from: 1, to: 64)
        if iothread == false, iothreadID != nil {
            reader.add(.error("a disk with \"iothread_id\" is served by a thread: leave out \"iothread\""))
        }
        backing = Self.backing(&reader)
        hostnameProperty = reader.text("hostname_property")
        sparse = reader.truth("sparse", "sparse_volume")
        try reader.finish()
    }

    private static func backing(_ reader: inout KeyReader) -> VolumeSpec.Backing? {
        let (path, format) = (reader.text("backing_store_path"), reader.text("backing_store_format"))
        guard let path else {
            if format != nil { reader.add(.error("\"backing_store_format\" needs a \"backing_store_path\"")) }
            return nil
        }
        guard path.hasPrefix("/") else {
            reader.add(
                .error("\"\(path)\" is no file of the host", hint: "say its absolute path there, as backing_store_path")
            )
            return nil
        }
        let guess = ["qcow2", "raw"].first { path.hasSuffix("." + $0) }
        guard let format = format ?? guess else {
            reader.add(
                .error(
                    "it is not known what format \"\(path)\" has",
                    hint: "say backing_store_format: qcow2 or raw; what a guest wrote is not trusted to tell"))
            return nil
        }
        return VolumeSpec.Backing(path: path, format: format)
    }

    /// This disk with what another says laid over it.
    package func overlaid(by other: DiskRequest) -> DiskRequest {
        var result = self
        result.size = other.size ?? size
        result.format = other.format ?? format
        result.pool = other.pool ?? pool
        result.bus = other.bus ?? bus
        result.image = other.image ?? image
        result.source = other.source ?? source
        result.overlay = other.overlay ?? overlay
        result.cache = other.cache ?? cache
        result.io = other.io ?? io
        result.discard = other.discard ?? discard
        result.serial = other.serial ?? serial
        result.readOnly = other.readOnly ?? readOnly
        result.kind = other.kind ?? kind
        result.iothread = other.iothread ?? iothread
        result.iothreadID = other.iothreadID ?? iothreadID
        result.backing = other.backing ?? backing
        result.hostnameProperty = other.hostnameProperty ?? hostnameProperty
        result.sparse = other.sparse ?? sparse
        return result
    }
}
