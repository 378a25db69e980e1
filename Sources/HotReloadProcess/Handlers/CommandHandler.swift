public import HotReload
public import SystemPackage
public import WorkspaceTools

/// Runs a program for each event, without a shell.
///
/// The program finds the event as one JSON object on its standard input (see `PublishedEvent.jsonBytes(redacting:)`), and in its environment `HOTRELOAD_EVENT` (the event's
/// name), `HOTRELOAD_PATHS` (the files, relative to the root, one a line), `HOTRELOAD_GENERATION`, and where there is one
/// `HOTRELOAD_CONFIG`. It starts in the workspace's root. What it prints on standard
/// output goes nowhere; the last lines of its standard error are part of the error if it fails. Secrets are hidden in all of it.
///
/// A program that takes too long is ended together with its process group, and when it ends, so is whoever is left of the group.
public struct CommandHandler: ReloadHandler {
  /// How long a command may take if nothing else is said.
  public static let defaultTimeout = Duration.seconds(30)
  /// How many of the last lines of standard error an error shows.
  public static let shownLines = 10
  /// How many paths are named in the environment.
  public static let maximumPaths = 256

  /// The program and its arguments.
  public var command: [String]
  /// The events that it runs for; nil: all.
  public var kinds: Set<ChangeEvent.Kind>?
  /// How long it may take.
  public var timeout: Duration
  /// The folder it starts in.
  public var directory: FilePath
  /// The keys whose values are hidden.
  public var redaction: RedactionRules

  /// Creates a handler; its pattern is given when it is registered.
  public init(
    _ command: [String], on kinds: Set<ChangeEvent.Kind>? = nil, timeout: Duration = defaultTimeout,
    in directory: FilePath, redaction: RedactionRules = .default
  ) {
    self.command = command
    self.kinds = kinds
    self.timeout = timeout
    self.directory = directory
    self.redaction = redaction
  }

  /// Whether the event is of the kinds it runs for.
  public func canHandle(_ event: ChangeEvent) -> Bool {
    kinds?.contains(event.kind) ?? true
  }

  /// Longer than the program may take, so that it is ended here, with a word of why.
  public var timeLimit: Duration {
    min(timeout + Self.endingTime, HandlerRegistration.timeLimits.upperBound)
  }

  /// How long the ending of a program and its group may take.
  private static let endingTime = Duration.seconds(10)

  /// Runs the program and waits for its end. A cancelled task ends it.
  ///
  /// - Throws: ``CommandHandlerError`` if it ends with anything but 0, takes too long, or cannot be started.
  public func handle(_ event: ChangeEvent) async throws {
    let document = EventDocument(
      PublishedEvent.current ?? PublishedEvent(event), redaction: redaction)
    let invocation = ProgramInvocation(
      command, environment: document.variables, directory: directory)
    let outcome: HelperOutcome
    do {
      outcome = try await HelperProgram(
        invocation: invocation, input: document.json, output: .errorsCaptured, timeout: timeout
      ).run()
    } catch {
      throw CommandHandlerError(command: command, reason: "\(error)", lastLines: [])
    }
    guard !outcome.isSuccess else { return }
    throw CommandHandlerError(
      command: command, reason: outcome.reason(timeout: timeout),
      lastLines: outcome.tail.lines(Self.shownLines))
  }
}

/// Why a command handler's program failed.
public struct CommandHandlerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The program and its arguments.
  public let command: [String]
  /// How it ended, or why it could not be started.
  public let reason: String
  /// The last lines of its standard error.
  public let lastLines: [String]

  /// `npm run css: exit code 1`, and below it what it printed.
  public var description: String {
    (["\(command.joined(separator: " ")): \(reason)"] + lastLines.map { "  \($0)" })
      .joined(separator: "\n")
  }
}
