import ArgumentParser
import HotReload
import HotReloadFleet
import Logging
import WorkspaceFiles
import WorkspaceTools

/// A fleet whose store is open.
struct FleetAccess: Sendable {
  let workspace: Workspace
  let options: FleetOptions
  let client: FleetClient

  /// Errors are printed as results; what an etcd's version means, its instances tell in their logs.
  static var logger: Logger {
    var logger = Logger(label: "hotreload.fleet")
    logger.logLevel = .critical
    return logger
  }
}

/// A command that is about a fleet.
protocol FleetCommand: AsyncParsableCommand {
  var fleet: FleetStoreOptions { get }
  /// Whether a SQLite store is made if there is none but one is named. Who only looks on makes none.
  var makesStore: Bool { get }
  /// Does it; throws an `ExitCode` to end with it.
  func run(_ access: FleetAccess) async throws
}

extension FleetCommand {
  var makesStore: Bool { false }

  func run() async throws {
    do {
      let fleet = fleet
      let workspace = try fleet.workspace()
      let (options, isNamed) = try await BlockingExecutor.shared.run {
        try fleet.options(in: workspace)
      }
      let store = try await Self.open(
        options, in: workspace, isNamed: isNamed, creating: makesStore && isNamed)
      let access = FleetAccess(
        workspace: workspace, options: options,
        client: FleetClient(store, fleet: options.fleet))
      let result: Result<Void, any Error>
      do { result = .success(try await run(access)) } catch { result = .failure(error) }
      await store.close()
      try result.get()
    } catch {
      throw fleetFailure(error, fleet.renderer)
    }
  }

  /// Writes lines to standard output.
  func write(_ lines: [UInt8]) throws { try StandardOutput().write(lines) }

  private static func open(
    _ options: FleetOptions, in workspace: Workspace, isNamed: Bool, creating: Bool
  ) async throws -> any FleetStore {
    do {
      return try await options.store.open(
        in: workspace, creating: creating, logger: FleetAccess.logger
      ).store
    } catch {
      guard (error.cause as? StoreError)?.code == .missing, !isNamed else { throw error }
      throw FleetFailure(
        "noStore",
        """
        no fleet is known here: \(printable(workspace.root))/hotreload.toml has no [fleet] table, no flag names a store, and \
        there is no \(printable(SQLiteStore.path(in: workspace)))
        Name it with --sqlite FILE or --endpoint URL, or another workspace with --root. The first instance that joins a \
        fleet makes the SQLite store.
        """)
    }
  }
}

/// Why a command about a fleet has not done what it was asked for.
struct FleetFailure: Error, CustomStringConvertible {
  /// What kind of error it is, for other programs.
  let code: String
  /// What happened, and what to do next.
  let description: String
  /// What the command ends with.
  var exitCode = ExitCode.failure

  init(_ code: String, _ description: String, exitCode: ExitCode = .failure) {
    self.code = code
    self.description = description
    self.exitCode = exitCode
  }
}

/// Prints why a command about a fleet failed: as a JSON line on standard output, or for people on standard error.
func fleetFailure(_ error: any Error, _ renderer: FleetRenderer) -> ExitCode {
  let failure: FleetFailure
  var findings: [SecretFinding] = []
  switch error {
  case is ExitCode, is StandardOutput.Failure: return workspaceFailure(error)
  case let error as FleetFailure: failure = error
  case let error as FleetError:
    let code = (error.cause as? StoreError)?.code.description ?? error.code.description
    failure = FleetFailure(code, error.description)
  case let error as StoreError:
    failure = FleetFailure(error.code.description, FleetError.store(error).description)
  case let error as BundleError:
    findings = error.findings
    failure = FleetFailure(error.code.description, error.description)
  default: failure = FleetFailure("workspace", "\(error)")
  }
  if renderer.isJSON {
    do {
      try StandardOutput().write(
        renderer.failure(failure, findings: findings, time: nanosecondsSince1970()))
    } catch {
      return workspaceFailure(error)
    }
  } else {
    for (index, line) in failure.description.split(separator: "\n").enumerated() {
      logLine((index == 0 ? "hotreload: " : "") + printable(String(line)))
    }
  }
  return failure.exitCode
}
