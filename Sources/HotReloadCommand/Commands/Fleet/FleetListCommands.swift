import ArgumentParser
import HotReload
import HotReloadFleet

/// How rollouts ended.
struct FleetHistoryCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Prints how a fleet's rollouts ended, the newest first.",
    discussion: """
      The last 100 rollouts are remembered. One that is under way comes first.

      EXAMPLES
        hotreload fleet history
        hotreload fleet history --limit 5 --json

      JSON LINES
        {"event":"rollout","time":N,"release":{"number":8,
         "content":"DIGEST"},...}
      The members are those of "rollout" in hotreload fleet status --help.
      """)

  /// How many rollouts are printed, unless another number is asked for.
  static let defaultLimit = 20
  /// The most; a fleet does not remember more.
  static let maximumLimit = 101

  @OptionGroup var fleet: FleetStoreOptions

  @Option(
    help: ArgumentHelp(
      "How many rollouts to print, 1 to \(maximumLimit) (default \(defaultLimit)).",
      valueName: "count"))
  var limit: Int?

  func validate() throws {
    if let limit, !(1...Self.maximumLimit).contains(limit) {
      throw ValidationError("--limit must be 1 to \(Self.maximumLimit).")
    }
  }

  func run(_ access: FleetAccess) async throws {
    let overview = try await access.client.overview()
    try write(
      fleet.renderer.history(
        overview, limit: limit ?? Self.defaultLimit, time: nanosecondsSince1970()))
  }
}

/// Which instances there are.
struct FleetInstancesCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "instances",
    abstract: "Prints the instances of a fleet, in the order in which they take a change.",
    discussion: """
      The canaries come first. The order is made of the instances' names and stays.

      EXAMPLES
        hotreload fleet instances
        hotreload fleet instances --json | jq -r 'select(.isThere|not).instance'

      JSON LINES
        {"event":"instance","time":N,"instance":"web-3",
         "turn":"16 hexadecimal digits",
         "phase":"applying|applied|failed|departed",
         "release":{"number":8,"content":"DIGEST"},"running":{...},
         "wanted":{...},"isThere":true,"isController":false,
         "healthFailure":"...","error":"...","drift":"DIGEST"}
      "phase" and "error" are about "release"; what has no "running" runs its own files.
      """)

  @OptionGroup var fleet: FleetStoreOptions

  func run(_ access: FleetAccess) async throws {
    let overview = try await access.client.overview()
    try write(fleet.renderer.instances(overview, time: nanosecondsSince1970()))
  }
}

/// What must not be rolled out again.
struct FleetQuarantineCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "Prints or clears what must not be rolled out again.",
    discussion: """
      Content that was rolled back is refused when it is proposed again, until somebody takes it out of quarantine.
      """,
    subcommands: [FleetQuarantineListCommand.self, FleetQuarantineClearCommand.self])
}

/// What is in quarantine.
struct FleetQuarantineListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Prints what is in quarantine, and why.",
    discussion: """
      JSON LINES
        {"event":"quarantined","time":N,"content":"DIGEST","release":8,
         "kind":"reported|lost|overdue|byHand","instance":"web-3",
         "reason":"..."}
      "instance" failed with the release, or is who asked for the rollback.
      """)

  @OptionGroup var fleet: FleetStoreOptions

  func run(_ access: FleetAccess) async throws {
    let overview = try await access.client.overview()
    try write(
      fleet.renderer.quarantine(
        overview.quarantine, isCleared: false, time: nanosecondsSince1970()))
  }
}

/// Lets content be proposed again.
struct FleetQuarantineClearCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "clear",
    abstract: "Lets content be proposed again.",
    discussion: """
      A digest may be abbreviated to \(DigestArgument.minimumDigits) digits, if only one in quarantine begins with them. Ends \
      with 1 if none does.

      EXAMPLES
        hotreload fleet quarantine clear 3f2a91c0
        hotreload fleet quarantine clear --all

      JSON LINES
        {"event":"cleared","time":N,...}, as hotreload fleet quarantine list prints.
      """)

  @OptionGroup var fleet: FleetStoreOptions

  @Flag(help: "All that is in quarantine.")
  var all = false

  @Argument(help: ArgumentHelp("The digest of the content, or its first digits."))
  var digest: DigestArgument?

  func validate() throws {
    guard (digest != nil) != all else {
      throw ValidationError("Give a digest, or --all for everything.")
    }
  }

  func run(_ access: FleetAccess) async throws {
    var content: BundleDigest?
    if let digest {
      let known = try await access.client.overview().quarantine
      content = try digest.digest(among: known.map(\.release.content), of: "quarantine")
    }
    let cleared = try await access.client.clearQuarantine(content)
    try write(
      fleet.renderer.quarantine(cleared, isCleared: true, time: nanosecondsSince1970()))
  }
}
