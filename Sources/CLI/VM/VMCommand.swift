internal import ArgumentParser

struct VMCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "Create virtual machines, look at them, and move them between hosts",
        discussion: """
            EXAMPLES
              drover vm create web1 --image debian-12 --cpus 2 --memory 2G --on hv1
              drover vm list
              drover vm migrate web1 --to hv2
              drover vm delete web1 --force
            """,
        subcommands: [
            VMCreate.self,
            VMList.self,
            VMShow.self,
            VMIP.self,
            VMStart.self,
            VMStop.self,
            VMKill.self,
            VMReboot.self,
            VMReset.self,
            VMPause.self,
            VMResume.self,
            VMSave.self,
            VMConsole.self,
            VMDisplay.self,
            VMScreenshot.self,
            VMSSH.self,
            VMResize.self,
            VMSet.self,
            VMRename.self,
            VMClone.self,
            VMSnapshotCommand.self,
            VMMigrate.self,
            VMPlan.self,
            VMApply.self,
            VMAdopt.self,
            VMDelete.self,
        ])
}
