import Foundation
import Modules
import PKI
import TestSupport
import Testing
import Values

@testable import Fleet

/// What is seen of a host's files, and what is said of it.
@Suite struct SurveyTests {
    private static let findings = FleetFixtures.cases("key-findings.yaml")

    @Test(arguments: findings) func judges(_ line: FixtureCase) throws {
        var files: [String: String] = [:]
        for place in AuthorityFile.all {
            files[place.name] = digest(place.role.rawValue.hasSuffix("key") ? "key" : place.name)
        }
        files["data.clientcert"] = files["data.servercert"]
        files["api.clientcert"] = files["api.servercert"]
        let plane = line["plane"]?.string == "api" ? PKI.Plane.api : .data
        let isIssued = line["issued"]?.bool != false
        let wanted = CertificateJudgement.Wanted(
            certificate: isIssued ? files["\(plane).servercert"] : nil, key: isIssued ? digest("key") : nil,
            bundle: digest("\(plane).cacert"), crl: digest("\(plane).cacrl"))
        for (key, value) in line["files"]?.map ?? Mapping() {
            let name = try #require(key.string)
            files[name] = value.string.map { digest($0) }
        }
        let modes = Mapping().merged(with: line["modes"]?.map ?? Mapping())
        let texts = Dictionary(
            uniqueKeysWithValues: modes.compactMap { entry in
                entry.key.string.flatMap { key in entry.value.string.map { (key, $0) } }
            })
        let survey = try KeySurvey.having(files.map { ($0.key, $0.value) }, modes: texts)
        #expect(CertificateJudgement.installed(survey, plane, wanted) == line["problem"]?.string)
    }

    /// The script itself, under every shell that hosts have, over real files.
    @Test(arguments: [["dash"], ["bash"], ["busybox", "ash"]]) func looks(_ shell: [String]) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("survey \(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        for folder in ["it's pki/CA", "it's pki/qemu", "libvirt"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try Data("ca".utf8).write(to: URL(fileURLWithPath: "\(root)/it's pki/CA/cacert.pem"))
        try Data("key".utf8).write(to: URL(fileURLWithPath: "\(root)/it's pki/qemu/server-key.pem"))
        try Data("-----\nbody\n".utf8).write(to: URL(fileURLWithPath: "\(root)/it's pki/qemu/server-cert.pem"))
        try Data("#vnc_tls = 1\n vnc_tls=1 # yes\n".utf8).write(to: URL(fileURLWithPath: "\(root)/libvirt/qemu.conf"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o640], ofItemAtPath: "\(root)/it's pki/qemu/server-key.pem")
        let script = KeySurvey.script(base: "\(root)/it's pki")
            .replacingOccurrences(of: "/etc/libvirt", with: "./libvirt")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = shell + ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: root)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let survey = try #require(KeySurvey(bytes))
        #expect(survey[.api, .cacert]?.sha256 == digest("ca"))
        #expect(survey[.data, .serverkey] == KeySurvey.Found(sha256: digest("key"), mode: 0o640))
        #expect(survey[.api, .serverkey] == nil && survey.found.count == 3 && survey.hasVNC)
        #expect(survey.dataCertificatePEM?.contains("body") == true)
    }

    @Test func refusesWhatWasCutOff() {
        #expect(KeySurvey(Array("api.cacert \(digest("x")) 644\n".utf8)) == nil)
        let odd = KeySurvey(Array("api.cacert nonsense 644\napi.nothing \(digest("x")) 644\n@certificate\n@end\n".utf8))
        #expect(odd?.found.isEmpty == true)
    }

    private func digest(_ text: String) -> String { ContentDigest.sha256(Array(text.utf8)) }
}
