internal import Inventory
internal import Values

/// Which files a host sees on storage that other hosts share, and which it does not see at all. What only has the same
/// path is not taken for the same: its file system must be one of a network's or a cluster's, or the device a SAN's.
struct SharedSight: Sendable {
    var shared: Set<String> = []
    var missing: Set<String> = []

    static func look(
        for paths: [String], on host: Host, _ connector: any Connector
    ) async -> SharedSight {
        guard !paths.isEmpty, let connection = try? await connector.connect(to: host) else {
            return SharedSight(missing: Set(paths))
        }
        let script = HostScript(
            arguments: paths,
            """
            for path do
                if [ ! -e "$path" ]; then echo missing; continue; fi
                case $path in /dev/disk/by-path/*-iscsi-* | /dev/disk/by-path/*-fc-*) echo shared; continue ;; esac
                if [ -b "$path" ]; then echo own; continue; fi
                case $(stat -f -c %T -- "$path" 2>/dev/null) in
                    nfs* | ceph | cifs | smb* | gfs* | ocfs2 | lustre | gpfs | glusterfs | afs | beegfs | panfs | vxfs) echo shared ;;
                    *) echo own ;;
                esac
            done
            """)
        let said = (try? await script.run(on: connection, host: host.name, doing: "look for disks")) ?? ""
        await connection.close()
        var sight = SharedSight()
        let answers = said.split(separator: "\n")
        for (index, path) in paths.enumerated() {
            switch index < answers.count ? answers[index] : "missing" {
            case "shared": sight.shared.insert(path)
            case "own": continue
            default: sight.missing.insert(path)
            }
        }
        return sight
    }
}
