import FileWatching
import Glibc
import SystemPackage

/// What a consumer knows if it only ever listens to what the watcher reports: it scans once at the start,
/// then reads exactly the files that are reported, when they are reported.
///
/// A change that is not reported leaves the view wrong, and a report that cannot be right (a deletion of
/// what is not there) is a violation.
struct ReplayedView: Sendable {
  private let scope: Scope
  private(set) var files: [FilePath: FileContent]
  private(set) var violations: [String] = []
  /// The version of a file that was reported although its content was the same, and whether that was late.
  private var idleReports: [FilePath: (version: Version, isLate: Bool)] = [:]

  /// A time stamp proves nothing within a tick of the file system's clock, so a file that was written just
  /// before it was looked at is reported again by the next look, and by each look in that tick. It must not be
  /// once a look came clearly later. That leaves room for a thread that had to wait for its processor.
  private static let longestDoubt = Duration.milliseconds(200)

  private struct Version: Equatable {
    var inode: ino_t
    var seconds: Int
    var nanoseconds: Int

    var age: Duration {
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      return .seconds(now.tv_sec - seconds) + .nanoseconds(now.tv_nsec - nanoseconds)
    }

    init?(_ path: FilePath) {
      guard let status = followedStatus(path) else { return nil }
      inode = status.st_ino
      seconds = status.st_ctim.tv_sec
      nanoseconds = status.st_ctim.tv_nsec
    }
  }

  init(scope: Scope) {
    self.scope = scope
    files = scope.scan()
  }

  /// Applies one set.
  /// - Returns: the set without the modifications that changed nothing for the consumer.
  @discardableResult
  mutating func apply(_ set: ChangeSet) -> ChangeSet {
    checkNames(set)
    for change in set.changes where change.kind == .subtreeChanged {
      for path in files.keys where path.starts(with: change.path) { files[path] = nil }
      files.merge(scope.scan(below: change.path)) { $1 }
    }
    for change in set.changes {
      if case .renamed(let from) = change.kind, files.removeValue(forKey: from) == nil {
        violation(set, "\(change) but nothing was at \(from)")
      }
    }
    var effective = set
    effective.changes = set.changes.filter { apply($0, of: set) }
    return effective
  }

  /// - Returns: whether it changed anything.
  private mutating func apply(_ change: FileChange, of set: ChangeSet) -> Bool {
    let known = files[change.path] != nil
    switch change.kind {
    case .subtreeChanged:
      return true
    case .deleted:
      if !known { violation(set, "\(change) but it was not there") }
      files[change.path] = nil
      return true
    case .created:
      if known { violation(set, "\(change) but it was there already") }
    case .renamed:
      if known { violation(set, "\(change) but something was there already") }
    case .modified:
      if !known { violation(set, "\(change) but it was not there") }
    }
    if !scope.includes(change.path) { violation(set, "\(change) was not asked for") }
    let absolute = scope.root.appending(change.path.components)
    let content = FileContent(at: absolute)
    let before = files.updateValue(content, forKey: change.path)
    guard change.kind == .modified, before == content else { return true }
    noteIdle(change, at: absolute, of: set)
    return false
  }

  private mutating func noteIdle(_ change: FileChange, at absolute: FilePath, of set: ChangeSet) {
    guard let version = Version(absolute) else { return }
    let known = idleReports[change.path]
    if let known, known.version == version, known.isLate {
      violation(set, "\(change) again and again though nothing changed")
    }
    idleReports[change.path] = (version, version.age > Self.longestDoubt)
  }

  private mutating func checkNames(_ set: ChangeSet) {
    var named: Set<FilePath> = []
    for change in set.changes {
      if !named.insert(change.path).inserted { violation(set, "\(change.path) is named twice") }
      if case .renamed(let from) = change.kind, !named.insert(from).inserted {
        violation(set, "\(from) is named twice")
      }
    }
    if set.changes.isEmpty && set.notices.isEmpty { violation(set, "an empty set") }
  }

  private mutating func violation(_ set: ChangeSet, _ text: String) {
    violations.append("set \(set.number): \(text)")
  }

  /// What is wrong with the view, as sentences; empty if it equals the file system.
  func differences() -> [String] {
    let actual = scope.scan()
    var lines: [String] = []
    for (path, content) in actual {
      guard let seen = files[path] else {
        lines.append("\(path) exists with \(content) and was not reported")
        continue
      }
      if seen != content { lines.append("\(path) has \(content); the view has \(seen)") }
    }
    for path in files.keys where actual[path] == nil {
      lines.append("\(path) does not exist; the view has it")
    }
    return lines.sorted()
  }
}
