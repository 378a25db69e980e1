public import SystemPackage

/// Notices a build that starts itself again: it changes files that are watched, which starts the next one, for ever.
///
/// Pure: whoever uses it tells it what happens, and when. Times are durations since any fixed moment.
public struct BuildLoop: Sendable {
  /// What is to become of a change.
  public enum Verdict: Sendable, Equatable {
    /// It is worked on.
    case admitted
    /// It is not worked on: only builds caused it, one after the other. The first time, these are the files to name.
    case dropped(naming: [FilePath]?)
  }

  /// So many builds in a row may be caused by nothing but the build before.
  public static let limit = 5
  /// What comes so soon after a build's end was still changed by it: changes are told of when they have settled.
  public static let grace = Duration.milliseconds(500)

  private var isBuilding = false
  private var ended: Duration?
  /// How many builds in a row were caused by nothing but the one before.
  private var streak = 0
  private var isCounted = false
  private var isSaid = false

  /// Nothing has happened yet.
  public init() {}

  /// A build began.
  public mutating func began() {
    isBuilding = true
    isCounted = false
  }

  /// A build ended, however it did.
  public mutating func ended(at now: Duration) {
    isBuilding = false
    ended = now
  }

  /// Files changed. One change that no build can have caused makes all well again.
  public mutating func judge(_ changed: [FilePath], at now: Duration) -> Verdict {
    guard isBuilding || ended.map({ now - $0 < Self.grace }) ?? false else {
      (streak, isSaid) = (0, false)
      return .admitted
    }
    if !isCounted { streak += 1 }
    isCounted = true
    guard streak > Self.limit else { return .admitted }
    defer { isSaid = true }
    return .dropped(naming: isSaid ? nil : changed)
  }
}
