public import WorkspaceTools

/// Something that is in force although something may be wrong with it, such as templates of which one was broken from the start.
///
/// A participant's product that is one is asked each time that the manager's status is. What is wrong with it is a reason why
/// the status is degraded.
public protocol ProblemReporting: Sendable {
  /// What is wrong, each with its place and what to do; empty if nothing is. It is asked for from any thread.
  var problems: [ConfigDiagnostic] { get }
}

extension HotReloadManager {
  /// Who says what is wrong with a part of the program, when the status is asked for.
  public typealias ProblemReader = @Sendable () async -> [ConfigDiagnostic]

  /// So many parts of a program can have somebody who says what is wrong with them.
  public static let maximumProblemReaders = 100

  /// Makes what is wrong with a part of the program a reason why the status is degraded.
  ///
  /// What participants made needs no such call: see ``ProblemReporting``.
  ///
  /// - Parameters:
  ///   - name: the part, as the status calls it. A later call with the same name takes the place of the earlier one.
  ///   - read: what is wrong at this moment. It is asked for each status, so it should not take long.
  /// - Throws: ``HotReloadError`` with the code `invalidConfiguration` if there are ``maximumProblemReaders`` already.
  public func reportProblems(
    of name: String, _ read: @escaping ProblemReader
  ) throws(HotReloadError) {
    let isTaken = problemReaders.withLock { readers in
      guard readers[name] != nil || readers.count < Self.maximumProblemReaders else { return false }
      readers[name] = read
      return true
    }
    guard !isTaken else { return }
    throw HotReloadError(
      code: .invalidConfiguration,
      message: "\(Self.maximumProblemReaders) parts of the program report their problems already")
  }

  /// What is wrong with what is in force: what the participants' products say first.
  func problems() async -> [HotReloadStatus.Problem] {
    var problems = driver.problemsInForce
    for (name, read) in problemReaders.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      problems += await read().map { HotReloadStatus.Problem(source: name, diagnostic: $0) }
    }
    // A page that cannot be rendered says the same as the template that is broken.
    var told: Set<ConfigDiagnostic> = []
    return problems.filter { told.insert($0.diagnostic).inserted }
  }
}

extension ReloadDriver {
  /// What is wrong with what participants made and what is in force.
  fileprivate var problemsInForce: [HotReloadStatus.Problem] {
    let slots = state.withLock { $0.places.map(\.slot) }
    return zip(slots, cell.storage.values).flatMap { slot, value -> [HotReloadStatus.Problem] in
      guard let slot, let value, value.slot == slot.id else { return [] }
      return value.problems.map { HotReloadStatus.Problem(source: slot.name, diagnostic: $0) }
    }
  }
}
