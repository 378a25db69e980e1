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
  public init?(_ component: String) { self.init(component.utf8) }

  private init?(_ component: some Sequence<UInt8>) {
    let name = component.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
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
  package static func isIn(_ path: String) -> Bool {
    path.utf8.split(separator: UInt8(ascii: "/")).contains { Self($0) != nil }
  }

  /// Whether any component of the path that a link leads to is such a name.
  ///
  /// Folders `..data` and `..2026_11_25`, which Kubernetes and others swap versions of a volume with, are none there: the name
  /// that was asked for is that of the link.
  package static func isInTarget(_ path: FilePath) -> Bool {
    let components = path.string.utf8.split(separator: UInt8(ascii: "/"))
    return components.enumerated().contains { index, component in
      let isVersion =
        component.count > 2 && component.starts(with: "..".utf8) && index < components.count - 1
      return !isVersion && Self(component) != nil
    }
  }
}
