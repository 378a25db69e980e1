import SystemPackage
import WorkspaceFiles
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Checks changed files: configs with our parsers, then all of them with an outside program.
struct ChangeChecker: Sendable {
  /// What stands for the file in the outside program's arguments.
  static let placeholder = "{file}"
  /// No file that is larger is parsed: it is no config.
  static let maximumSize = 4 << 20

  let workspace: Workspace
  let parsesConfigs: Bool
  /// The outside program and its arguments; nil: none.
  let command: [String]?
  /// Where and with which variables it runs.
  let invocation: ProgramInvocation

  /// - Parameter isBeginning: whether the files have not changed, so that an outside check of changed files has nothing to do.
  func check(_ files: [FilePath], isBeginning: Bool) async -> SupervisorMachine.CheckResult {
    var result = SupervisorMachine.CheckResult()
    if parsesConfigs {
      let checker = self
      do {
        result.rejected = try await BlockingExecutor.shared.run { checker.parse(files) }
      } catch {
        result.failures.append(.init(file: nil, reason: "the files cannot be read: \(error)"))
      }
    }
    guard result.isGood, let command, !Task.isCancelled else { return result }
    for (file, arguments) in commands(command, for: isBeginning ? [] : files) {
      if let failure = await failure(of: arguments, about: file) { result.failures.append(failure) }
      if Task.isCancelled { break }
    }
    return result
  }

  // MARK: Our parsers

  /// What is wrong with each file. Blocks.
  func parse(_ files: [FilePath]) -> [FilePath: [ConfigDiagnostic]] {
    var rejected: [FilePath: [ConfigDiagnostic]] = [:]
    let loader = ConfigLoader(workspace: workspace)
    for file in files {
      guard let name = file.extension, let format = ConfigFormat(fileExtension: name) else {
        continue
      }
      let errors = errors(in: file, format, loader)
      if !errors.isEmpty { rejected[file] = errors }
    }
    return rejected
  }

  private func errors(
    in file: FilePath, _ format: ConfigFormat, _ loader: ConfigLoader
  ) -> [ConfigDiagnostic] {
    let content: StableFile
    do {
      content = try readStably(workspace.root.pushing(file), limit: Self.maximumSize)
    } catch {
      switch error {
      // A file that is gone cannot be bad, one this large is data, and one that is being written comes again.
      case .missing, .tooLarge, .notSettled, .notAFile: return []
      default:
        return [
          ConfigDiagnostic(location: SourceLocation(source: file.string), message: "\(error)")
        ]
      }
    }
    do {
      _ = try format.parse(content.bytes, file: file.string)
    } catch {
      return [error]
    }
    // A file may be good and yet not fit the other layers of its config.
    guard let config = loader.configName(of: file)?.name else { return [] }
    do {
      _ = try loader.load(config)
      return []
    } catch {
      return error.code == .missing ? [] : error.diagnostics
    }
  }

  // MARK: The outside program

  /// One command a file that is there, or one for all.
  private func commands(
    _ command: [String], for files: [FilePath]
  ) -> [(file: FilePath?, arguments: [String])] {
    guard command.contains(where: { $0.contains(Self.placeholder) }) else {
      return [(nil, command)]
    }
    return files.compactMap { file in
      let path = workspace.root.pushing(file)
      guard path.withPlatformString({ access($0, F_OK) }) == 0 else { return nil }
      let arguments = command.map { $0.replacing(Self.placeholder, with: path.string) }
      return (file, arguments)
    }
  }

  private func failure(
    of arguments: [String], about file: FilePath?
  ) async -> SupervisorMachine.CheckResult.OutsideFailure? {
    var invocation = invocation
    invocation.arguments = arguments
    let timeout = SupervisorSettings.checkTimeout
    do {
      let outcome = try await HelperProgram(invocation: invocation, timeout: timeout).run()
      if outcome.isSuccess { return nil }
      return .init(
        file: file, reason: outcome.reason(timeout: timeout),
        output: outcome.tail.lines(HelperOutcome.shownLines))
    } catch {
      return .init(file: file, reason: "\(error)")
    }
  }
}
