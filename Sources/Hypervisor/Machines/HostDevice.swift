/// A device of the host that a guest gets for itself.
public enum HostDevice: Sendable, Hashable, CustomStringConvertible {
    case pci(PCIAddress)
    /// The first device of this kind that the host has, in whatever port.
    case usb(vendor: UInt16, product: UInt16)
    /// By its numbers of now; the second one changes whenever it is plugged in.
    case usbAddress(bus: Int, device: Int)
    /// A part of a device that was divided, such as a GPU, by its UUID.
    case mediated(uuid: String)

    public var description: String {
        switch self {
        case .pci(let address): address.description
        case .usb(let vendor, let product): "usb \(PCIAddress.padded(vendor, 4)):\(PCIAddress.padded(product, 4))"
        case .usbAddress(let bus, let device): "usb bus \(bus) device \(device)"
        case .mediated(let uuid): "mdev \(uuid)"
        }
    }

    /// Whether it sits in a PCI Express port of the guest.
    var takesPort: Bool {
        switch self {
        case .pci, .mediated: true
        case .usb, .usbAddress: false
        }
    }

    var element: XMLElement {
        switch self {
        case .pci(let address):
            return XMLElement(
                "hostdev", ["mode": "subsystem", "type": "pci", "managed": "yes"],
                [XMLElement("source", [:], [address.element("address", type: nil)])])
        case .usb(let vendor, let product):
            let source = [
                XMLElement("vendor", ["id": "0x" + PCIAddress.padded(vendor, 4)]),
                XMLElement("product", ["id": "0x" + PCIAddress.padded(product, 4)]),
            ]
            return Self.usb(source)
        case .usbAddress(let bus, let device):
            return Self.usb([XMLElement("address", ["bus": "\(bus)", "device": "\(device)"])])
        case .mediated(let uuid):
            return XMLElement(
                "hostdev", ["mode": "subsystem", "type": "mdev", "managed": "no", "model": "vfio-pci"],
                [XMLElement("source", [:], [XMLElement("address", ["uuid": uuid])])])
        }
    }

    private static func usb(_ source: [XMLElement]) -> XMLElement {
        XMLElement(
            "hostdev", ["mode": "subsystem", "type": "usb", "managed": "yes"], [XMLElement("source", [:], source)])
    }
}
