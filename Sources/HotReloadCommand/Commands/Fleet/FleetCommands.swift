import ArgumentParser

/// Looks at a fleet, and asks things of it.
struct FleetCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Looks at a fleet of instances, and rolls changes out to it.",
    discussion: """
      A fleet is many instances of one program that take a change in stages, agree that it is good, and all go back by \
      themselves when it is not. What they agree on is in a store: a SQLite file for the processes of one host, an etcd for many \
      hosts. Where it is, the [fleet] table of hotreload.toml says, or flags, which win:

        [fleet]
        name = "shop"
        store = "etcd"                     # or "sqlite", the default
        endpoints = ["https://etcd-1:2379", "https://etcd-2:2379"]

      A password is never an argument: --password-file, $HOTRELOAD_FLEET_PASSWORD, or password = "${file:/run/...}" in the table.

      EXAMPLES
        hotreload fleet status --watch
        hotreload fleet propose --wait && echo the fleet runs it
        hotreload fleet rollback
        hotreload fleet history
        hotreload fleet status --endpoint http://127.0.0.1:2379 --fleet shop

      The commands here ask; the instance that leads does it. An error is 1, a wrong argument 64; what status and propose end \
      with beside that is told in their help. With --json an error is {"event":"error","time":N,"code":"...","message":"..."} on \
      standard output.
      """,
    subcommands: [
      FleetStatusCommand.self, FleetProposeCommand.self, FleetBundleCommand.self,
      FleetPauseCommand.self, FleetResumeCommand.self, FleetRollbackCommand.self,
      FleetHistoryCommand.self, FleetInstancesCommand.self, FleetQuarantineCommands.self,
    ])
}
