internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct HostBaseline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline", abstract: "Compute the processor that lets every VM run on every host",
        discussion: """
            VMs get it by default (`cpu: fleet`), as far as the hosts answered when they were made. Shown too are the
            features that each host lacks, and the VMs whose processor some host cannot give.

            EXAMPLES
              drover host baseline
              drover host baseline -t hv[1-3] --format json
              drover host baseline --xml
            """)
    @Flag(name: .customLong("xml"), help: "Only the <cpu> element, for a definition") var asXML = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context)
        let (baselines, problems) = await ProcessorComparing(context, driver: try common.hypervisors(context))
            .baselines(of: hosts)
        Output.write(Value(baselines.map(\.value)), common.format) {
            asXML
                ? baselines.compactMap { try? $0.cpu.written() + "\n" }.joined()
                : baselines.map(Self.text).joined(separator: "\n")
        }
        try failIfAny(problems)
    }

    private static func text(_ baseline: ProcessorBaseline) -> String {
        let features = baseline.cpu.all("feature").compactMap { feature -> String? in
            guard let name = feature[attribute: "name"] else { return nil }
            return (feature[attribute: "policy"] == "disable" ? "-" : "+") + name
        }
        var text = "\(baseline.accelerator)\(baseline.vendor.map { ", \($0)" } ?? ""): \(baseline.model)"
        text += features.isEmpty ? "\n" : " \(features.joined(separator: " "))\n"
        var hosts = Table("HOST", "BEST MODEL", "LACKS")
        for line in baseline.hosts {
            hosts.add([line.host, line.model, line.lacks.isEmpty ? "-" : line.lacks.joined(separator: " ")])
        }
        text += hosts.text
        guard !baseline.machines.isEmpty else { return text }
        var machines = Table("VM", "ON", "CANNOT RUN ON")
        for line in baseline.machines {
            machines.add([line.vm, line.host, line.cannotRunOn.joined(separator: ", ")])
        }
        return text + machines.text
    }
}
