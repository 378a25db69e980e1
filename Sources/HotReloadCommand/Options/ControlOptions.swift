import ArgumentParser
import HotReload
import HotReloadProcess
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Which running instance a command asks, and how its answer is printed.
struct ControlOptions: ParsableArguments {
  @OptionGroup var folder: RootOptions

  @Option(
    help: ArgumentHelp(
      "The instance, as it is called below data/hotreload. Default: the one that runs.",
      valueName: "name"))
  var instance: String?

  @Option(
    help: ArgumentHelp("How long to wait for the answer (default 60s).", valueName: "time"))
  var timeout: DurationArgument?

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Flag(help: "Print secrets (values of keys such as password or apiKey) instead of hiding them.")
  var showSecrets = false

  func validate() throws {
    if let instance, !ControlFolder.isValid(instance) {
      throw ValidationError("'\(instance)' cannot be an instance's name; one looks like web-1.")
    }
    if let timeout, timeout.duration == .zero {
      throw ValidationError("--timeout must not be 0.")
    }
  }

  var renderer: ControlRenderer { ControlRenderer(isJSON: json) }

  /// Asks the instance. What it says of itself decides; prints the reason and ends with 1 if it gives no answer.
  func ask(_ request: ControlRequest) async throws -> ControlAnswer {
    try await Self.ask(
      request, root: folder.path(), instance: instance, showSecrets: showSecrets,
      timeout: timeout?.duration ?? ControlClient.defaultTimeout)
  }

  /// The journal of the instance that is meant; nil if there is none, or if it is not clear which is meant.
  func journal() async throws -> JournalReader? {
    let workspace = try Workspace(root: folder.path())
    let wanted = instance
    return try await BlockingExecutor.shared.run {
      let known = JournalReader.instances(in: workspace)
      guard let name = wanted ?? (known.count == 1 ? known[0] : nil), known.contains(name) else {
        return nil
      }
      return try JournalReader(workspace: workspace, instance: name)
    }
  }

  static func ask(
    _ request: ControlRequest, root: FilePath, instance: String?, showSecrets: Bool,
    timeout: Duration
  ) async throws -> ControlAnswer {
    let finder = InstanceFinder(root: root, wanted: instance)
    let folder = try await BlockingExecutor.shared.run { try finder.folder() }
    do {
      return try await ControlClient(folder: folder).ask(
        request, showSecrets: showSecrets, timeout: timeout)
    } catch let error as ControlError where error.code == .noInstance {
      throw await finder.missing()
    }
  }
}

/// Finds the instance that is meant, or says what there is instead.
struct InstanceFinder: Sendable {
  let root: FilePath
  /// Its name; nil for the only one.
  let wanted: String?

  private var all: FilePath { ControlFolder.all(root: root) }

  /// The folder of the instance. Blocking.
  /// - Throws: `ControlError` with the code `noInstance` or `ambiguous`.
  func folder() throws(ControlError) -> FilePath {
    if let wanted { return all.appending(wanted) }
    let (running, closed, ended) = ControlFolder.instances(root: root)
    switch (running.count, closed.count) {
    case (1, _): return all.appending(running[0])
    // It says itself why it cannot be asked.
    case (0, 1): return all.appending(closed[0])
    case (0, 0): throw nothingRuns(ended)
    case (0, _):
      throw ControlError(
        code: .notPermitted,
        message:
          "the instances \(list(closed)) of \(printable(root)) belong to another user; ask as "
          + "that user or as root")
    default:
      throw ControlError(
        code: .ambiguous,
        message:
          "\(running.count) instances of \(printable(root)) run: \(list(running)); say which "
          + "is meant with --instance NAME")
    }
  }

  /// Why the instance that is meant does not answer.
  func missing() async -> ControlError {
    let root = root
    let found = try? await BlockingExecutor.shared.run { ControlFolder.instances(root: root) }
    guard let wanted, let running = found?.running, !running.isEmpty else {
      return nothingRuns(found?.ended ?? [])
    }
    return ControlError(
      code: .noInstance,
      message: "no instance \(wanted) of \(printable(root)) runs, but \(list(running)): looked for "
        + printable(all.appending(wanted).appending(ControlFolder.socketName)))
  }

  /// - Parameter ended: the instances that there were.
  private func nothingRuns(_ ended: [String]) -> ControlError {
    let place = all.appending(wanted ?? "*").appending(ControlFolder.socketName)
    let past = ended.isEmpty ? "" : " (ended: \(list(ended)))"
    return ControlError(
      code: .noInstance,
      message: """
        no instance\(wanted.map { " " + $0 } ?? "") of \(printable(root)) runs: nobody answers at \
        \(printable(place))\(past)
        Start the program that uses this workspace (it must open its control socket, as HotReloadControl.serve does), \
        or name another workspace with --root.
        """)
  }

  private func list(_ names: [String]) -> String { printable(names.joined(separator: ", ")) }
}
