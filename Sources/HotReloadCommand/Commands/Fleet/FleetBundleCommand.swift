import ArgumentParser
import HotReload
import HotReloadFleet
import SystemPackage
import WorkspaceFiles

/// Makes a bundle of a workspace's files.
struct FleetBundleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract:
      "Writes a workspace's files as one bundle, as hotreload fleet propose would roll them out.",
    discussion: """
      The file is what an HTTP source of bundles serves, and what hotreload fleet propose --bundle takes. Equal files give equal \
      bytes. No store is asked. Files with what looks like a secret are refused, with their places.

      EXAMPLES
        hotreload fleet bundle --dry-run
        hotreload fleet bundle -o site.bundle
        hotreload fleet bundle --exclude 'static/video/**' -o site.bundle

      TEXT
        A line for each file: its size in bytes, its path. Then how many they are, and the digest.

      JSON LINE
        {"event":"bundle","time":N,"content":"DIGEST","bytes":N,
         "files":[{"path":"config/app.toml","bytes":N}],
         "output":"/srv/site.bundle"}
      Without --output there is no "output".
      """)

  @OptionGroup var fleet: FleetStoreOptions
  @OptionGroup var content: FleetContentOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String?

  @Flag(help: "Only print what belongs to the bundle.")
  var dryRun = false

  func validate() throws {
    guard (output != nil) != dryRun else {
      throw ValidationError("Give --output FILE, or --dry-run to see what belongs to the bundle.")
    }
  }

  func run() async throws {
    do {
      let fleet = fleet
      let workspace = try fleet.workspace()
      let settings = try await BlockingExecutor.shared.run {
        try fleet.options(in: workspace).options
      }
      let bundle = try await ContentBundle.gather(
        from: workspace, scope: content.scope(over: settings.scope))
      if let output {
        try await BlockingExecutor.shared.run {
          try writeAtomically(bundle.encoded(), to: FilePath(output))
        }
      }
      try StandardOutput().write(
        fleet.renderer.bundle(
          bundle, output: output, isListed: dryRun, time: nanosecondsSince1970()))
    } catch {
      throw fleetFailure(error, fleet.renderer)
    }
  }
}
