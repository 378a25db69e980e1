/// Something that is wrong on disk, as the overlay in a page shows it.
public struct LiveError: Sendable, Hashable {
  /// Lines of a file around the place of an error.
  public struct Excerpt: Sendable, Hashable {
    /// The number of the first line, from 1.
    public var first: Int
    /// The lines, without their ends. The values of secret keys are not in them.
    public var lines: [String]

    /// Creates an excerpt.
    public init(first: Int, lines: [String]) {
      self.first = first
      self.lines = lines
    }
  }

  /// The unit that is not in force: `config app`, `templates`.
  public var unit: String
  /// The file relative to the root, or another source; nil if it is not about one.
  public var file: String?
  /// From 1; nil if it is not known.
  public var line: Int?
  /// In Unicode scalars from 1; nil if it is not known.
  public var column: Int?
  /// The key path that is concerned; nil if it is not about one.
  public var keyPath: String?
  /// What is wrong.
  public var message: String
  /// The lines around it; nil if there are none, or they are not to be shown.
  public var excerpt: Excerpt?

  /// Creates an error.
  public init(
    unit: String, file: String? = nil, line: Int? = nil, column: Int? = nil,
    keyPath: String? = nil, message: String, excerpt: Excerpt? = nil
  ) {
    self.unit = unit
    self.file = file
    self.line = line
    self.column = column
    self.keyPath = keyPath
    self.message = message
    self.excerpt = excerpt
  }
}
