import Synchronization
import WorkspaceTools

/// The pages that could not be rendered when they were last asked for.
final class PageFailures: Sendable {
  /// So many pages are remembered; that others fail too is seen when these are mended.
  static let maximumCount = 20

  /// One page, and what it was asked for with.
  struct Failure: Sendable {
    /// The name of its template.
    var page: String
    var asked: PageData.Request
    /// What it can show beside the configs and the request.
    var extra: [(key: String, value: ConfigTree)] = []
    /// The generation it was rendered of.
    var generation: UInt64
    /// What is wrong.
    var diagnostics: [ConfigDiagnostic]
  }

  private let failures = Mutex<[String: Failure]>([:])

  /// They, by the names of their templates.
  var all: [Failure] {
    failures.withLock { $0.values.sorted { $0.page < $1.page } }
  }

  /// Takes in that a page failed.
  /// - Returns: whether that was not known yet: the first time, and when it fails for another reason.
  func note(_ failure: Failure) -> Bool {
    failures.withLock { failures in
      if let known = failures[failure.page] {
        failures[failure.page] = failure
        return known.diagnostics != failure.diagnostics
      }
      if failures.count < Self.maximumCount { failures[failure.page] = failure }
      return true
    }
  }

  /// Takes in that a page was rendered, or is there no more.
  func forget(_ page: String) {
    failures.withLock { _ = $0.removeValue(forKey: page) }
  }
}
