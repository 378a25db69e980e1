/// A table of what something else knows, such as the fleet: the dashboard shows it without knowing what it is.
public struct StatusTable: Sendable, Hashable, Codable {
  /// A name and what it stands for.
  public struct Field: Sendable, Hashable, Codable {
    /// What it is called. If it is the name of a secret, its value is not shown.
    public var name: String
    /// What it is.
    public var value: String

    /// Creates one.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Facts about all of it, in the order in which they are to be read.
  public var fields: [Field]
  /// The heads of the table's columns.
  public var columns: [String]
  /// The table's rows; cells beyond ``columns`` are not shown.
  public var rows: [[String]]

  /// Creates one.
  public init(fields: [Field] = [], columns: [String] = [], rows: [[String]] = []) {
    self.fields = fields
    self.columns = columns
    self.rows = rows
  }
}

/// Something that has a section of its own on the dashboard, such as the fleet.
public protocol StatusSource: Sendable {
  /// The section's heading.
  var name: String { get }
  /// How it is at this moment. It is asked for each time that the dashboard is shown anew, from any thread.
  func status() async -> StatusTable
}

/// Where the dashboard reads which template includes which.
public struct TemplateGraphSource: Sendable {
  /// One template.
  public struct Template: Sendable, Hashable, Codable {
    /// Its path relative to the root.
    public var path: String
    /// The paths or names of those that it includes, extends or inherits from.
    public var uses: [String]
    /// Whether it includes one by a name that is only known when it renders: it may depend on any.
    public var usesAny: Bool
    /// What is wrong with it; nil if nothing is.
    public var problem: String?

    /// Creates one.
    public init(path: String, uses: [String], usesAny: Bool = false, problem: String? = nil) {
      self.path = path
      self.uses = uses
      self.usesAny = usesAny
      self.problem = problem
    }
  }

  /// How many templates are shown; more are counted, and found by their paths.
  public static let limit = 500

  /// The templates in force. It is asked for each time that templates or assets have changed, from any thread.
  public var read: @Sendable () async -> [Template]

  /// Creates one.
  public init(_ read: @escaping @Sendable () async -> [Template]) {
    self.read = read
  }
}

/// Where the dashboard reads which assets there are.
public struct AssetListSource: Sendable {
  /// One asset.
  public struct Asset: Sendable, Hashable, Codable {
    /// Its path relative to the root.
    public var path: String
    /// The URL path with the digest in it; nil if it is served under its own name.
    public var url: String?
    /// Of its content and of all that it contains.
    public var digest: String
    /// Its size in bytes.
    public var size: Int
    /// The size of its compressed form in bytes; nil if there is none.
    public var compressedSize: Int?

    /// Creates one.
    public init(path: String, url: String?, digest: String, size: Int, compressedSize: Int? = nil) {
      self.path = path
      self.url = url
      self.digest = digest
      self.size = size
      self.compressedSize = compressedSize
    }
  }

  /// How many assets are shown; more are counted, and found by their paths.
  public static let limit = 300

  /// The assets in force. It is asked for each time that templates or assets have changed, from any thread.
  public var read: @Sendable () async -> [Asset]

  /// Creates one.
  public init(_ read: @escaping @Sendable () async -> [Asset]) {
    self.read = read
  }
}
