import HotReloadTesting
import Synchronization
import SystemPackage

/// Writes good and bad contents of a config, each with a number of its own.
final class Edits: Sendable {
  enum Kind: Sendable, CaseIterable {
    case good
    /// It passes, but not the health check.
    case sick
    case malformed
    case mistyped
    case invalid
    /// As if it were of two versions.
    case mixed
  }

  struct Content: Sendable {
    var number: Int
    var kind: Kind

    /// Whether it passes.
    var isValid: Bool { kind == .good || kind == .sick }

    fileprivate var text: String {
      let number = "number = \(number)\n"
      return switch kind {
      case .good: number + "a = 7\nb = 7\n"
      case .sick: number + "a = 13\nb = 13\n"
      case .malformed: number + "a = [\n"
      case .mistyped: number + "a = \"x\"\nb = 7\n"
      case .invalid: number + "a = 100\nb = 100\n"
      case .mixed: number + "a = 7\nb = 8\n"
      }
    }
  }

  private struct State {
    var contents: [Content] = []
    /// When the last was written.
    var written = ContinuousClock.now
    var generator = SeededGenerator(seed: 3)
  }

  private let folder: TemporaryWorkspace
  private let state = Mutex(State())

  init(_ folder: TemporaryWorkspace) { self.folder = folder }

  /// The content of that number; the first has the number 1.
  subscript(number: Int) -> Content { state.withLock { $0.contents[number - 1] } }

  /// What is on disk.
  var last: Content { state.withLock { $0.contents.last ?? Content(number: 0, kind: .malformed) } }

  func write(_ kind: Kind) throws {
    let content = state.withLock { state in
      let content = Content(number: state.contents.count + 1, kind: kind)
      state.contents.append(content)
      state.written = .now
      return content
    }
    try folder.replace(Fixture.app, content.text)
  }

  /// A good one, or a sick one after it; nothing if the last was written less than that long ago.
  func writeNext(every interval: Duration, orSick mayBeSick: Bool) throws {
    let isDue = state.withLock { $0.written.duration(to: .now) >= interval }
    if isDue { try write(mayBeSick && last.kind == .good ? .sick : .good) }
  }

  /// Nothing mostly, else good ones mostly.
  func writeRandom() throws {
    let kind = state.withLock { state -> Kind? in
      guard Int.random(in: 0..<12, using: &state.generator) == 0 else { return nil }
      return Bool.random(using: &state.generator)
        ? .good : Kind.allCases.randomElement(using: &state.generator)
    }
    if let kind { try write(kind) }
  }
}
