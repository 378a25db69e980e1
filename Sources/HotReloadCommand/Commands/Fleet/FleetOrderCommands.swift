import ArgumentParser
import HotReload
import HotReloadFleet

/// What the commands have that ask for something to be done with a rollout.
struct FleetOrderOptions: ParsableArguments {
  /// How long the answer is waited for.
  static let defaultTimeout = Duration.seconds(30)

  @OptionGroup var fleet: FleetStoreOptions
  @OptionGroup var person: FleetPerson

  @Option(
    help: ArgumentHelp(
      "How long to wait for the instance that leads (default 30s); then the request is taken back.",
      valueName: "time"))
  var timeout: DurationArgument?

  @Argument(
    help: ArgumentHelp(
      "The number of the release. Default: the one that is being rolled out.", valueName: "release")
  )
  var release: UInt64?

  func validate() throws {
    if let timeout, timeout.duration == .zero {
      throw ValidationError("--timeout must not be 0.")
    }
  }
}

/// A command that asks for something to be done with a rollout.
protocol FleetOrderCommand: FleetCommand {
  var options: FleetOrderOptions { get }
  var order: RolloutCommand.Order { get }
}

extension FleetOrderCommand {
  var fleet: FleetStoreOptions { options.fleet }

  func run(_ access: FleetAccess) async throws {
    let after = try await access.client.order(
      order, release: options.release, by: options.person.name,
      within: options.timeout?.duration ?? FleetOrderOptions.defaultTimeout)
    guard let rollout = after.rollout, order.isDone(rollout.state) else {
      throw FleetFailure(
        "notPossible",
        "the rollout went on before that was done: "
          + (after.rollout.map { "\($0.release) is \($0.state.title)" } ?? "there is none"))
    }
    try write(
      fleet.renderer.order(order, rollout, after, time: nanosecondsSince1970()))
  }
}

extension RolloutCommand.Order {
  /// Whether a rollout in such a state may be the answer.
  fileprivate func isDone(_ state: RolloutState) -> Bool {
    switch (self, state) {
    case (.pause, .paused), (.resume, .running), (.resume, .ended(.committed)),
      (.rollBack, .rollingBack), (.rollBack, .ended(.rolledBack)):
      true
    default: false
    }
  }
}

/// Halts a rollout.
struct FleetPauseCommand: FleetOrderCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Halts a rollout where it is.",
    discussion: """
      Instances that have the change keep it, no other takes it, until hotreload fleet resume or rollback. Ends with 0 if the \
      rollout is paused, with 1 if there is none or the instance that leads did not answer.

      EXAMPLES
        hotreload fleet pause
        hotreload fleet pause 8 --by ann

      JSON LINE
        {"event":"paused","time":N,"rollout":{...}}
      "rollout" is as in hotreload fleet status --help.
      """)

  @OptionGroup var options: FleetOrderOptions

  var order: RolloutCommand.Order { .pause }
}

/// Lets a rollout go on.
struct FleetResumeCommand: FleetOrderCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Lets a paused rollout go on.",
    discussion: """
      The stage at which it was paused is watched anew. Ends with 0 if the rollout goes on, with 1 if there is none, it is not \
      paused or the instance that leads did not answer.

      EXAMPLES
        hotreload fleet resume

      JSON LINE
        {"event":"resumed","time":N,"rollout":{...}}
      "rollout" is as in hotreload fleet status --help.
      """)

  @OptionGroup var options: FleetOrderOptions

  var order: RolloutCommand.Order { .resume }
}

/// Takes a rollout back.
struct FleetRollbackCommand: FleetOrderCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Takes the rollout that is under way back.",
    discussion: """
      All instances go back to what the fleet agreed on before, and the content comes into quarantine. Ends with 0 if that has \
      begun; hotreload fleet status shows how far it is. Ends with 1 if nothing is being rolled out or the instance that leads \
      did not answer.

      What is committed cannot be rolled back: propose what was before it, as hotreload fleet history shows it.

      EXAMPLES
        hotreload fleet rollback
        hotreload fleet rollback 8 --by ann
        hotreload fleet propose --content 3f2a91c0 --wait

      JSON LINE
        {"event":"rollingBack","time":N,"rollout":{...}}
      "rollout" is as in hotreload fleet status --help.
      """)

  @OptionGroup var options: FleetOrderOptions

  var order: RolloutCommand.Order { .rollBack }
}
