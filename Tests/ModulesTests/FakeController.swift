import Foundation
import Values

@testable import Modules

/// Plays the controller for a program under test: takes questions from the run's directory and answers from a table.
struct FakeController: Sendable {
    let directory: String
    let answers: Mapping
    let test: Bool

    init?(_ item: StateCase, directory: String, test: Bool) {
        guard let answers = item.table["answers"]?.map else { return nil }
        self.answers = answers
        self.directory = directory
        self.test = test
    }

    /// Until it is cancelled.
    func run() async throws {
        while !Task.isCancelled {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
                guard name.hasPrefix("question."), let chunk = Int(name.dropFirst("question.".count)) else { continue }
                let taken = "\(directory)/taken.\(chunk)"
                guard (try? FileManager.default.moveItem(atPath: "\(directory)/\(name)", toPath: taken)) != nil else {
                    continue
                }
                try await answer(chunk)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func answer(_ chunk: Int) async throws {
        guard var entry = answers[Value(chunk)]?.map else { return }
        for _ in 0..<(entry["beats"]?.int ?? 0) {
            try Data().write(to: URL(fileURLWithPath: directory + "/beat"))
            try? await Task.sleep(for: .milliseconds(200))
        }
        // A question that is asked to foretell comes while the run itself is none.
        if let foretold = entry["foretold"]?.map, !FileManager.default.fileExists(atPath: directory + "/foretold") {
            FileManager.default.createFile(atPath: directory + "/foretold", contents: nil)
            entry = foretold
        }
        let answer = ControllerAnswer(
            result: entry["result"]?.bool, changes: entry["changes"]?.map ?? Mapping(),
            comment: entry["comment"]?.string ?? "", isSoft: entry["soft"]?.bool ?? false)
        let bytes = entry["text"]?.string.map { Array($0.utf8) } ?? answer.bytes
        try Data(bytes).write(to: URL(fileURLWithPath: directory + "/answer.new"))
        try FileManager.default.moveItem(
            atPath: directory + "/answer.new", toPath: "\(directory)/answer.\(chunk)")
    }
}
