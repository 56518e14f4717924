internal import ArgumentParser

struct PKICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pki", abstract: "Be the authority of the fleet's certificates",
        discussion: """
            EXAMPLES
              drover pki init                make the authority; `drover apply` then brings certificates to hosts
              drover pki status              what every host really serves, by a handshake
              drover pki rotate              new certificates and keys, host by host, with guests running
              drover pki rotate --all        new CAs too
              drover pki show hv1            what was issued to a host
            """,
        subcommands: [PKIInit.self, PKIStatus.self, PKIRotate.self, PKIShow.self])
}
