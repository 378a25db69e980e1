public import SystemPackage

/// One compiled glob, for handlers and resources; see ``PathFilter`` for what a pattern may say.
///
/// Two globs are equal if their patterns are the same bytes. Immutable and safe to use from any
/// thread.
public struct Glob: Sendable, Hashable, CustomStringConvertible {
  /// The pattern as it was given.
  public let pattern: String
  private let filter: PathFilter

  /// Compiles a pattern.
  ///
  /// - Throws: ``GlobError`` with the column of the first fault.
  public init(_ pattern: String) throws(GlobError) {
    self.pattern = pattern
    filter = try PathFilter(include: [pattern], exclude: [])
  }

  /// Whether the pattern matches the whole path, which is relative to the root.
  public func matches(_ path: FilePath) -> Bool {
    filter.matches(path)
  }

  /// The folders before the first wildcard; the empty path is the root. Several for a pattern with
  /// braces.
  public var literalPrefixes: [FilePath] { filter.literalPrefixes }

  /// The pattern.
  public var description: String { pattern }

  /// Whether the patterns are the same bytes. (Strings that differ only in how an accent is encoded
  /// are equal, but name different files.)
  public static func == (a: Glob, b: Glob) -> Bool {
    a.pattern.utf8.elementsEqual(b.pattern.utf8)
  }

  /// Hashes the pattern's bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in pattern.utf8 { hasher.combine(byte) }
  }
}
