import ArgumentParser
import HotReload
import HotReloadFleet

/// Proposes content to a fleet.
struct FleetProposeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "propose",
    abstract:
      "Proposes a workspace's files to a fleet, and with --wait follows what becomes of them.",
    discussion: """
      The files are gathered, put into the fleet's store under the digest of their content, and proposed. The instance that leads \
      rolls them out in stages; a proposal takes the place of one that has not begun. Files with what looks like a secret \
      are refused, with their places.

      ENDS WITH
        0   without --wait: it is proposed. With --wait: the fleet runs it
        1   an error: no store, no content, a secret in it
        2   it was rolled back, or is on its way back as the time is over
        3   it was refused, or another proposal took its place
        4   it is paused and waits for people as the time is over, or at once
            with --stop-when-paused
        5   its end was not seen: the time is over, or it was interrupted
        64  a wrong argument
      What the fleet runs already is not proposed again; that is 0. SIGINT and SIGTERM end the command with 5 and leave \
      the rollout going; hotreload fleet rollback takes it back.

      EXAMPLES
        hotreload fleet propose --wait
        hotreload fleet propose --wait --stages '1%:5m,10%:5m,100%:10m'
        hotreload fleet propose --wait --at-once --timeout 2m
        hotreload fleet propose --bundle site.bundle --by "deploy $CI_JOB"
        hotreload fleet propose --content 3f2a91c0    what an earlier release had

      JSON LINES
        {"event":"proposed","time":N,"proposal":"ID","content":"DIGEST",
         "proposedBy":"...","files":N,"bytes":N}
        {"event":"unchanged","time":N,"content":"DIGEST","release":7}
        {"event":"progress","time":N,"proposal":"ID","state":"waiting|
         running|paused|rollingBack|committed|rolledBack|refused|
         replaced","release":8,"stage":1,"stages":4,
         "phase":"applying|baking","reason":"...","unreverted":0}
      With --wait a progress line comes for each state; "stage" counts from 1. Which of the others there are depends on the state. \
      If the end was not seen, an error line follows, with the code "timeout", "paused", "rollingBack" or "interrupted".
      """)

  /// How long the end is waited for: the standard plan watches its stages for 30 minutes.
  static let defaultTimeout = Duration.seconds(3_600)

  @OptionGroup var fleet: FleetStoreOptions
  @OptionGroup var content: FleetContentOptions
  @OptionGroup var person: FleetPerson

  @Option(
    help: ArgumentHelp(
      "Propose the bundle of this file, which hotreload fleet bundle wrote.", valueName: "file"))
  var bundle: String?

  @Option(
    name: .customLong("content"),
    help: ArgumentHelp(
      "Propose what the fleet had before, by its digest or its first digits, as hotreload fleet history shows it.",
      valueName: "digest"))
  var digest: DigestArgument?

  @Option(
    help: ArgumentHelp(
      "The plan: growing shares, each with how long it is watched. Default: that of the instance that leads.",
      valueName: "plan"), transform: StagesArgument.parse)
  var stages: StagesArgument?

  @Flag(help: "All instances at once, not watched; the same as --stages 100%:0.")
  var atOnce = false

  @Flag(help: "Follow the rollout to its end.")
  var wait = false

  @Option(
    help: ArgumentHelp("With --wait: for how long (default 60m).", valueName: "time"))
  var timeout: DurationArgument?

  @Flag(help: "With --wait: end with 4 as soon as the rollout waits for people.")
  var stopWhenPaused = false

  func validate() throws {
    if !wait, timeout != nil || stopWhenPaused {
      throw ValidationError("--timeout and --stop-when-paused need --wait.")
    }
    if let timeout, timeout.duration == .zero {
      throw ValidationError("--timeout must not be 0.")
    }
    if stages != nil, atOnce {
      throw ValidationError("--stages and --at-once contradict each other.")
    }
    if bundle != nil, digest != nil {
      throw ValidationError("--bundle and --content contradict each other.")
    }
    if bundle != nil || digest != nil, !content.isEmpty {
      throw ValidationError(
        "--include, --exclude and --allow-secrets say what is gathered, which is not done with --bundle and --content."
      )
    }
  }

  var makesStore: Bool { true }

  private var plan: [RolloutStage]? { stages?.stages ?? (atOnce ? RolloutStage.atOnce : nil) }

  func run(_ access: FleetAccess) async throws {
    let client = access.client
    let made = try await bundle(access)
    let overview = try await client.overview()
    let wanted = try made?.digest ?? known(in: overview)
    if let committed = overview.committed, committed.content == wanted, !overview.isRollingOut,
      overview.proposal == nil
    {
      return try write(
        fleet.renderer.unchanged(committed, time: nanosecondsSince1970()))
    }
    let proposal =
      if let made {
        try await client.propose(made, by: person.name, stages: plan)
      } else {
        try await client.propose(wanted, by: person.name, stages: plan)
      }
    try write(fleet.renderer.proposed(proposal, made, time: nanosecondsSince1970()))
    guard wait else { return }
    let waiting = FleetWaiting(
      client: client, proposal: proposal, renderer: fleet.renderer,
      limit: timeout?.duration ?? Self.defaultTimeout, stopsWhenPaused: stopWhenPaused)
    try await waiting.run()
  }

  /// What is to be published first; nil if it is in the store already.
  private func bundle(_ access: FleetAccess) async throws -> ContentBundle? {
    if digest != nil { return nil }
    if let bundle { return try await FleetContentOptions.bundle(from: bundle) }
    return try await ContentBundle.gather(
      from: access.workspace, scope: content.scope(over: access.options.scope))
  }

  private func known(in overview: FleetOverview) throws -> BundleDigest {
    var known = overview.history.map(\.release.content)
    known += [overview.committed?.content, overview.rollout?.release.content].compactMap { $0 }
    known += overview.quarantine.map(\.release.content)
    guard let digest else { return BundleDigest(rawValue: "") }
    return try digest.digest(among: known, of: "the fleet's history")
  }
}
