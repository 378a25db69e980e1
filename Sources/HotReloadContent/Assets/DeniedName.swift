package import SystemPackage

/// Names that are never served, whoever asks and whatever is there.
public enum DeniedName: Sendable, Hashable {
  /// It starts with a dot: `.env`, `.git`.
  case dotfile
  /// It ends in `.pem` or `.key`.
  case privateKey
  /// It is `secret`.
  case secretFolder

  /// What denies a component of a path, in upper or lower case; nil if nothing does.
  public init?(_ component: String) {
    let name = component.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    if name.first == UInt8(ascii: ".") {
      self = .dotfile
    } else if name.suffix(4).elementsEqual(".pem".utf8)
      || name.suffix(4).elementsEqual(".key".utf8)
    {
      self = .privateKey
    } else if name.elementsEqual("secret".utf8) {
      self = .secretFolder
    } else {
      return nil
    }
  }

  /// Whether any component of a path is such a name.
  package static func isIn(_ path: FilePath) -> Bool {
    path.components.contains { DeniedName($0.string) != nil }
  }
}
