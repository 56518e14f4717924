internal import Hypervisor
internal import Values

extension HostDevice {
    /// Reads a list of devices, or one: `pci_0000_3b_02_1` and `mdev_UUID` as libvirt calls them, and mappings with
    /// `pci`, `usb` or `mdev`.
    static func list(_ value: Value) throws(Diagnostics) -> [HostDevice] {
        var devices: [HostDevice] = []
        var problems: [Diagnostic] = []
        for item in value.list ?? [value] {
            do throws(Diagnostics) {
                try devices.append(one(item))
            } catch {
                problems += error.marked(item.mark ?? value.mark).all
            }
        }
        if let found = Diagnostics(problems) { throw found }
        return devices
    }

    private static func one(_ value: Value) throws(Diagnostics) -> HostDevice {
        if let mapping = value.map { return try one(mapping) }
        let name = value.raw ?? value.scalarText ?? value.kindName
        if name.hasPrefix("usb_") {
            throw Diagnostics(
                .error(
                    "\"\(name)\" names a port of a host, not a USB device",
                    hint: "say the device: usb: VENDOR:PRODUCT, as `lsusb` on the host shows it"))
        }
        if let device = pci(name) ?? mediated(name) { return device }
        throw Diagnostics(
            .error(
                "\"\(name)\" is no device of a host",
                hint: "`virsh nodedev-list --cap pci` shows those like pci_0000_3b_02_1; say others as usb: "
                    + "VENDOR:PRODUCT and mdev: UUID"))
    }

    private static func one(_ mapping: Mapping) throws(Diagnostics) -> HostDevice {
        var reader = KeyReader(mapping, of: "a device of the host")
        let (address, part) = (reader.text("pci"), reader.text("mdev"))
        let usb = reader.value("usb")
        var found: [HostDevice?] = []
        if let address { found.append(pci(address)) }
        if let part { found.append(mediated(part)) }
        if let usb {
            try found.append(usb.map.map { inner throws(Diagnostics) in try self.usb(inner) } ?? self.usb(usb))
        }
        if found.count != 1 { reader.add(.error("a device of the host is one of pci, usb and mdev")) }
        try reader.finish()
        if let device = found.first ?? nil { return device }
        let word = address ?? part ?? usb?.raw ?? usb?.scalarText ?? ""
        throw Diagnostics(
            .error(
                "\"\(word)\" is no device of a host",
                hint: "write pci: 0000:3b:02.1, usb: 046d:c534, usb: {bus: 1, device: 4}, or mdev: UUID"))
    }

    /// `0000:3b:02.1`, or `pci_0000_3b_02_1`.
    private static func pci(_ text: String) -> HostDevice? {
        if let address = PCIAddress(text) { return .pci(address) }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0] == "pci" else { return nil }
        return PCIAddress("\(parts[1]):\(parts[2]):\(parts[3]).\(parts[4])").map { .pci($0) }
    }

    /// A UUID, or libvirt's `mdev_` with one, behind which newer ones say what it is a part of.
    private static func mediated(_ text: String) -> HostDevice? {
        let name = text.hasPrefix("mdev_") ? text.dropFirst(5).replacing("_", with: "-").prefix(36) : Substring(text)
        let parts = name.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        let isHexadecimal = parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isHexDigit } }
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], isHexadecimal else { return nil }
        return .mediated(uuid: name.lowercased())
    }

    /// `046d:c534`.
    private static func usb(_ value: Value) -> HostDevice? {
        let parts = (value.raw ?? value.scalarText ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let vendor = number(String(parts[0])), let product = number(String(parts[1])) else {
            return nil
        }
        return .usb(vendor: vendor, product: product)
    }

    private static func usb(_ mapping: Mapping) throws(Diagnostics) -> HostDevice? {
        var reader = KeyReader(mapping, of: "a USB device")
        let (vendor, product) = (reader.text("vendor").flatMap(number), reader.text("product").flatMap(number))
        let bus = reader.whole("bus", from: 1, to: 999)
        let device = reader.whole("device", from: 1, to: 999)
        let isKind = vendor != nil && product != nil && bus == nil && device == nil
        let isPlace = bus != nil && device != nil && vendor == nil && product == nil
        if !isKind, !isPlace {
            reader.add(
                .error("a USB device is told by vendor and product, or by bus and device", hint: "`lsusb` shows both"))
        }
        try reader.finish()
        if let vendor, let product { return .usb(vendor: vendor, product: product) }
        if let bus, let device { return .usbAddress(bus: bus, device: device) }
        return nil
    }

    /// Four hexadecimal digits, as they are printed on such devices.
    private static func number(_ text: String) -> UInt16? {
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
        return digits.utf8.count <= 4 ? UInt16(digits, radix: 16) : nil
    }
}
