import ArgumentParser

/// The command line `hotreload`: each command is a few lines over the library.
@main
struct HotReloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hotreload",
    abstract: "Watches a workspace's files and follows, checks and prints its configs.",
    discussion: """
      A workspace is a folder with config/, and perhaps templates/, static/ and others. A config is one document \
      made of layers: config/app.toml, then config/app.ENVIRONMENT.toml, then config/app.local.toml (or .yaml, \
      .yml, .json). Later layers win. config/app@VARIANT.toml is the overlay of a variant, for A/B experiments.

      EXAMPLES
        hotreload check                        is every config here good?
        hotreload get app server.port          a value, as the program sees it
        hotreload variants app                 who gets which variant of it
        hotreload follow app                   values as they are applied
        hotreload watch --include 'config/**'  what changes, once it settled
        hotreload status                       how a running program is doing
        hotreload init coffee                  a small site to begin with
        hotreload fleet status                 how a fleet of programs is doing
        hotreload doctor                       is this machine fit for it?
        hotreload run -- ./server --port 80    any program, restarted on good changes

      Results go to standard output, everything else to standard error. SIGINT or SIGTERM ends a command \
      cleanly with 0. A usage error is 64, an error of the workspace 1. What run and fleet propose end with beside that is told \
      in their help.
      """,
    subcommands: [
      ServeCommand.self, ExplainCommand.self, AssetsCommand.self, WatchCommand.self,
      FollowCommand.self, CheckCommand.self, GetCommand.self, VariantsCommand.self,
      RunCommand.self, StatusCommand.self, ReloadCommand.self, PauseCommand.self,
      ResumeCommand.self,
      HistoryCommand.self, DiffCommand.self, RestoreCommand.self, InitCommand.self,
      FleetCommands.self, DoctorCommand.self,
    ])
}
