import Glibc

/// A process that cannot be mistaken for a later one of the same number: the number and when it began.
struct ProcessIdentity: Sendable, Hashable {
    let number: Int32
    /// In clock ticks since the machine began.
    let start: UInt64

    /// The running process of a number; nil when there is none, or only its remains that wait to be collected.
    init?(_ number: Int32) {
        guard let entry = ProcessTable.entry(number), !entry.isOver else { return nil }
        self.number = number
        self.start = entry.start
    }

    /// Reads what `record` says.
    init?(record: String) {
        let words = record.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let number = Int32(words[0]), let start = UInt64(words[1]) else { return nil }
        self.number = number
        self.start = start
    }

    var record: String { "\(number) \(start)\n" }

    var isAlive: Bool { ProcessIdentity(number) == self }

    /// The network namespace it is in, as the kernel names it.
    var networkNamespace: String? { Disk.linkTarget("/proc/\(number)/ns/net") }

    /// True until its parent has collected what is left of it.
    var isListed: Bool { ProcessTable.entry(number)?.start == start }

    /// Ends it at once, if it is still the one.
    func kill() {
        if isAlive { Glibc.kill(number, SIGKILL) }
    }

    /// The first process of the container that runs below this one, once it is there.
    var leader: ProcessIdentity? {
        ProcessTable.descendants(of: number).lazy.filter(Self.isFirst).compactMap { ProcessIdentity($0) }.first
    }

    /// True for the first process of a PID namespace below this one's.
    private static func isFirst(_ number: Int32) -> Bool {
        guard let status = Disk.read("/proc/\(number)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") })
        else { return false }
        let numbers = line.split { $0 == " " || $0 == "\t" }.dropFirst()
        return numbers.count > 1 && numbers.last == "1"
    }
}

/// The kernel's table of processes.
enum ProcessTable {
    struct Entry {
        var parent: Int32
        var start: UInt64
        /// Ended, and only waiting for its parent to ask.
        var isOver: Bool
    }

    static var numbers: [Int32] { Disk.list("/proc").compactMap { Int32($0) } }

    static func entry(_ number: Int32) -> Entry? { Disk.read("/proc/\(number)/stat").flatMap(parse) }

    /// The processes below one, nearest first.
    static func descendants(of number: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for number in numbers {
            if let parent = entry(number)?.parent { children[parent, default: []].append(number) }
        }
        var found = children[number] ?? []
        var next = 0
        while next < found.count {
            found += children[found[next]] ?? []
            next += 1
        }
        return found
    }

    /// Reads a `stat` line, whose second field may hold anything, brackets and spaces too.
    static func parse(_ stat: String) -> Entry? {
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let start = UInt64(fields[19]) else { return nil }
        return Entry(parent: parent, start: start, isOver: fields[0] == "Z" || fields[0] == "X")
    }

    /// The processes that have an overlay with this upper directory mounted: all of one host, inside and around it,
    /// whatever has become of their parents.
    static func using(upper: String) -> [ProcessIdentity] {
        numbers.compactMap { number in
            guard let mounts = Disk.read("/proc/\(number)/mountinfo"), mounts.contains("upperdir=\(upper),") else {
                return nil
            }
            return ProcessIdentity(number)
        }
    }

    /// The processes in a network namespace that has a device of this name, except this one and those it descends from.
    ///
    /// The device is asked for because the kernel gives the numbers of namespaces again.
    static func inside(networkNamespace: String, device: String) -> [ProcessIdentity] {
        var ancestors: Set<Int32> = [getpid()]
        var number = getpid()
        while let parent = entry(number)?.parent, parent > 0, ancestors.insert(parent).inserted { number = parent }
        return numbers.compactMap { number in
            guard !ancestors.contains(number), let process = ProcessIdentity(number),
                process.networkNamespace == networkNamespace,
                devices(in: Disk.read("/proc/\(number)/net/dev") ?? "").contains(device)
            else { return nil }
            return process
        }
    }

    /// The names in a `net/dev` table.
    static func devices(in table: String) -> [String] {
        table.split(separator: "\n").compactMap { line in
            guard line.contains(":"), let word = line.split(separator: ":").first else { return nil }
            return String(word.drop { $0 == " " })
        }
    }
}
