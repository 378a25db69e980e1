/// The name of a program among those that run on one workspace, which is that of its folder below `data/hotreload/`.
package enum InstanceName {
  /// The name of a program that does not say otherwise.
  package static let standard = "default"
  /// The longest name, in bytes.
  package static let maximumLength = 100

  /// Whether a text can be a name: letters, digits, `-`, `_` and, not at the start, `.`.
  package static func isValid(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "."),
      name.utf8.count <= maximumLength
    else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
  }
}
