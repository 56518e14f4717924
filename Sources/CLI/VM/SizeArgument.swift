internal import ArgumentParser
internal import Values

/// A size on the command line.
struct SizeArgument: ExpressibleByArgument {
    let size: ByteSize

    init(mebibytes: Int) { size = ByteSize(mebibytes: mebibytes) }

    init?(argument: String) {
        guard let size = ByteSize(argument) else { return nil }
        self.size = size
    }

    var defaultValueDescription: String { size.description }
}
