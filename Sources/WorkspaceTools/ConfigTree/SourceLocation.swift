/// Where a value was written: a file and a place in it, or another source such as an environment
/// variable.
///
/// Every value of a ``ConfigTree`` has one, so it is kept small: one reference, shared by all values
/// of a document, and two 32-bit numbers.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The name of a document, shared by all locations in it.
  final class Source: Sendable {
    let name: String

    init(name: String) {
      self.name = name
    }
  }

  private let source: Source
  private let position: Position

  /// A place in `file`.
  ///
  /// - Parameters:
  ///   - file: the file's name relative to the workspace's root.
  ///   - line: 1-based; values outside `1...UInt32.max` are clamped.
  ///   - column: 1-based, in Unicode scalars; clamped like `line`.
  public init(file: String, line: Int, column: Int) {
    self.source = Source(name: file)
    self.position = Position(
      line: UInt32(clamping: max(1, line)), column: UInt32(clamping: max(1, column)))
  }

  /// A source without lines, for example `environment APP__SERVER__PORT`.
  public init(source name: String) {
    self.source = Source(name: name)
    self.position = Position(line: 0, column: 0)
  }

  init(source: Source, position: Position) {
    self.source = source
    self.position = position
  }

  /// The file's name relative to the workspace's root, or the name of another source.
  public var file: String { source.name }

  /// The line, 1-based; 0 for a source without lines.
  public var line: Int { Int(position.line) }

  /// The column in Unicode scalars, 1-based; 0 for a source without lines.
  public var column: Int { Int(position.column) }

  /// `config/app.toml:12:8`, or only the name for a source without lines.
  public var description: String {
    position.line == 0 ? source.name : "\(source.name):\(position.line):\(position.column)"
  }

  /// The same source, another place in it.
  func moved(to position: Position) -> SourceLocation {
    SourceLocation(source: source, position: position)
  }

  /// True if file, line and column are equal.
  public static func == (left: SourceLocation, right: SourceLocation) -> Bool {
    left.position == right.position
      && (left.source === right.source || left.source.name == right.source.name)
  }

  /// Feeds file, line and column.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(source.name)
    hasher.combine(position)
  }
}

/// A line and a column, both 1-based; 0 and 0 mean "unknown".
struct Position: Sendable, Hashable {
  var line: UInt32
  var column: UInt32

  static let unknown = Position(line: 0, column: 0)
}
