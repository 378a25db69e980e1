public import WorkspaceTools

/// A place in a template.
public struct TemplatePosition: Sendable, Hashable, Comparable, Codable {
  /// The line, from 1.
  public var line: Int
  /// The column in Unicode scalars, from 1.
  public var column: Int

  /// Creates a position.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// By line, then by column.
  public static func < (left: TemplatePosition, right: TemplatePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// The text of one template, and where its lines begin.
///
/// A line ends with a line feed, whether or not a carriage return is before it. A byte order mark at the beginning is no part of the
/// text: in the middle of a page it would be a character that nobody sees.
public struct TemplateSource: Sendable {
  /// The file, relative to the workspace's root: `templates/pages/index.mustache`.
  public let path: String
  /// What other templates call it: `pages/index`.
  public let name: String
  /// The text in UTF-8, in which offsets count.
  public let utf8: [UInt8]
  private let lineStarts: [Int]

  /// The whole text.
  public var text: String { String(decoding: utf8, as: UTF8.self) }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Creates a source. It costs as much as reading the text once.
  public init(path: String, name: String, utf8 bytes: [UInt8]) {
    let utf8 =
      bytes.starts(with: Self.byteOrderMark)
      ? Array(bytes.dropFirst(Self.byteOrderMark.count)) : bytes
    self.path = path
    self.name = name
    self.utf8 = utf8
    var starts = [0]
    for (offset, byte) in utf8.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(offset + 1)
    }
    lineStarts = starts
  }

  /// The position of an offset in ``utf8``. Offsets outside of the text are moved to its nearest end.
  public func position(at offset: Int) -> TemplatePosition {
    let offset = min(max(0, offset), utf8.count)
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    // Every byte that does not continue a scalar begins one.
    let column = utf8[lineStarts[low]..<offset].count { $0 & 0xC0 != 0x80 } + 1
    return TemplatePosition(line: low + 1, column: column)
  }

  /// What is wrong at an offset in ``utf8``.
  public func diagnostic(at offset: Int, _ message: String) -> ConfigDiagnostic {
    diagnostic(at: position(at: offset), message)
  }

  /// What is wrong at a position.
  public func diagnostic(at position: TemplatePosition, _ message: String) -> ConfigDiagnostic {
    ConfigDiagnostic(
      location: SourceLocation(file: path, line: position.line, column: position.column),
      message: message)
  }

  /// The text between two offsets in ``utf8``.
  public func text(in range: Range<Int>) -> String {
    String(decoding: utf8[range.clamped(to: 0..<utf8.count)], as: UTF8.self)
  }
}
