internal import ArgumentParser
internal import Fleet
internal import Values

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Keep the disk images that VMs are made from",
        discussion: """
            An image is its content: everywhere one is asked for, NAME, NAME:TAG, NAME@sha256:DIGEST, sha256:DIGEST and
            the first 8 or more characters of the digest all name it.
            """,
        subcommands: [
            ImageAdd.self, ImageCatalog.self, ImageList.self, ImageShow.self, ImageTag.self, ImagePushCommand.self,
            ImageRemove.self, ImagePrune.self,
        ])
}
