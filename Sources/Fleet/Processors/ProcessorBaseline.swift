package import Hypervisor
internal import Inventory
package import Values

/// The processor that lets a VM run on each host of a group, and what each host has beyond or below it.
///
/// VMs cannot move live between makers of processors, nor between KVM and emulation: each such group has its own.
package struct ProcessorBaseline: Sendable {
    package struct HostLine: Sendable {
        package let host: String
        /// libvirt's name of the model that it can give at best.
        package let model: String
        /// Features that other hosts of the group can give and this one cannot: what it costs them.
        package let lacks: [String]
    }

    /// A VM whose processor some host of the group cannot give.
    package struct MachineLine: Sendable {
        package let vm: String
        package let host: String
        package let cannotRunOn: [String]
    }

    /// `kvm` or `qemu`.
    package let accelerator: String
    package let vendor: String?
    /// A `<cpu>` element for definitions.
    package let cpu: XMLElement
    package let hosts: [HostLine]
    package let machines: [MachineLine]

    package var model: String { cpu.first("model")?.text ?? "" }

    package var value: Value {
        [
            "accelerator": Value(accelerator), "vendor": vendor.map { Value($0) } ?? .null, "model": Value(model),
            "features": Value(
                cpu.all("feature").map { feature -> Value in
                    [
                        "name": Value(feature[attribute: "name"] ?? ""),
                        "policy": Value(feature[attribute: "policy"] ?? "require"),
                    ]
                }),
            "xml": Value((try? cpu.written()) ?? ""),
            "hosts": Value(
                hosts.map { line -> Value in
                    [
                        "host": Value(line.host), "model": Value(line.model),
                        "lacks": Value(line.lacks.map { Value($0) }),
                    ]
                }),
            "vms": Value(
                machines.map { line -> Value in
                    [
                        "vm": Value(line.vm), "host": Value(line.host),
                        "cannot_run_on": Value(line.cannotRunOn.map { Value($0) }),
                    ]
                }),
        ]
    }
}

/// What one hypervisor says of processors: its own at best, and those of its VMs.
struct ProcessorAnswer: Sendable {
    let host: String
    let kind: GuestKind
    let model: XMLElement
    /// Names of all features, also those that the model stands for.
    let features: Set<String>
    /// The VMs whose definition names a model.
    let machines: [(name: String, cpu: XMLElement)]

    /// Hosts of equal keys have a baseline in common.
    var group: String { "\(kind.accelerator.rawValue) \(model.first("vendor")?.text ?? "")" }

    /// - Returns: for each host the features that others of `answers` have.
    static func lacking(_ answers: [ProcessorAnswer]) -> [String: [String]] {
        let all = answers.reduce(into: Set<String>()) { $0.formUnion($1.features) }
        return Dictionary(answers.map { ($0.host, all.subtracting($0.features).sorted()) }) { first, _ in first }
    }
}
