public import SystemPackage

/// A copy of a config file as it was at some time.
public struct ConfigBackup: Sendable, Hashable {
  /// Where the copy is, relative to the root.
  public let path: FilePath
  /// The file it is a copy of, relative to the root.
  public let source: FilePath
  /// When it was made, in milliseconds since 1970.
  public let milliseconds: Int64
  /// The generation that had this content; nil if that is not known.
  public let generation: UInt64?

  /// Where backups are, relative to the root.
  public static let directory = FilePath("data/backups/configs")
}

/// How many backups are kept.
public struct ConfigBackupLimits: Sendable, Hashable {
  /// The most backups of one file. Default 20; 1 at least.
  public var maximumCount: Int
  /// The oldest backup's age. Default 30 days. The newest of each file is kept whatever its age.
  public var maximumAge: Duration

  /// The default of ``maximumCount``.
  public static let defaultMaximumCount = 20
  /// The default of ``maximumAge``: 30 days.
  public static let defaultMaximumAge = Duration.seconds(30 * 86_400)

  /// Creates limits.
  public init(
    maximumCount: Int = defaultMaximumCount, maximumAge: Duration = defaultMaximumAge
  ) {
    self.maximumCount = maximumCount
    self.maximumAge = maximumAge
  }
}

/// How backups are called: `20261125_071413_123_app.toml`, or `20261125_071413_123-g42_app.toml` of generation 42.
/// Those of `config/sub/app.toml` are in a folder `sub`.
extension ConfigBackup {
  /// The length of `20261125_071413_123`.
  private static let stampLength = 19

  /// The backup of a file; nil if the time is outside the years 1 to 9999, or the file is no config file.
  init?(of source: FilePath, milliseconds: Int64, generation: UInt64?) {
    guard let folder = Self.folder(of: source), let file = source.lastComponent,
      let stamp = Self.stamp(milliseconds)
    else { return nil }
    let mark = generation.map { "-g\($0)" } ?? ""
    self.init(
      path: folder.appending("\(stamp)\(mark)_\(file.string)"), source: source,
      milliseconds: milliseconds, generation: generation)
  }

  /// The backup that a path is of; nil if it is of none.
  init?(path: FilePath) {
    var folder = path.removingLastComponent()
    guard let name = path.lastComponent?.string, folder.removePrefix(Self.directory) else {
      return nil
    }
    guard let milliseconds = Self.milliseconds(String(name.prefix(Self.stampLength))) else {
      return nil
    }
    var rest = name.dropFirst(Self.stampLength)
    var generation: UInt64?
    if rest.hasPrefix("-g") {
      guard let end = rest.firstIndex(of: "_"), let number = UInt64(rest[..<end].dropFirst(2))
      else { return nil }
      generation = number
      rest = rest[end...]
    }
    guard rest.first == "_", let file = FilePath.Component(String(rest.dropFirst())) else {
      return nil
    }
    // What is at the root has a dot in front, which no file below config/ has.
    let isAtRoot = folder.isEmpty && file.string.hasPrefix(".")
    let source =
      isAtRoot
      ? FilePath(root: nil, [file]) : ConfigFiles.directory.pushing(folder).appending(file)
    guard ConfigFiles.parse(source) != nil else { return nil }
    self.init(path: path, source: source, milliseconds: milliseconds, generation: generation)
  }

  /// The folder of a config file's backups, relative to the root; nil if it is no config file.
  static func folder(of source: FilePath) -> FilePath? {
    guard ConfigFiles.parse(source) != nil else { return nil }
    var folder = source.removingLastComponent()
    _ = folder.removePrefix(ConfigFiles.directory)
    return directory.pushing(folder)
  }

  private static func stamp(_ milliseconds: Int64) -> String? {
    let seconds = milliseconds.flooredDivision(by: 1000)
    guard let date = ConfigDate(secondsSince1970: Double(seconds)) else { return nil }
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return padded(Int(date.year), 4) + padded(Int(date.month), 2) + padded(Int(date.day), 2) + "_"
      + padded(Int(date.hour), 2) + padded(Int(date.minute), 2) + padded(Int(date.second), 2) + "_"
      + padded(Int(milliseconds - seconds * 1000), 3)
  }

  private static func milliseconds(_ stamp: String) -> Int64? {
    let digits = Array(stamp.utf8)
    guard digits.count == stampLength, digits[8] == UInt8(ascii: "_"),
      digits[15] == UInt8(ascii: "_")
    else { return nil }
    func text(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
    let date = ConfigDate(
      "\(text(0..<4))-\(text(4..<6))-\(text(6..<8))T\(text(9..<11)):\(text(11..<13)):"
        + "\(text(13..<15))Z")
    guard let seconds = date?.secondsSince1970, let rest = UInt16(text(16..<19)) else { return nil }
    return seconds * 1000 + Int64(rest)
  }
}
