/// The rules for the names of variants.
package enum VariantName {
  /// The largest number of characters in a name.
  package static let maximumLength = 64

  /// What is wrong with a name; nil if nothing is.
  package static func problem(with name: String) -> String? {
    let shown = "\"\(name.prefix(maximumLength + 1))\" cannot be a variant's name: "
    if name == ConfigExperiment.control {
      return shown + "it stands for the config without any overlay"
    }
    let bytes = name.utf8
    if (1...maximumLength).contains(bytes.count), bytes.allSatisfy(isAllowed) { return nil }
    let rule = "it is 1 to \(maximumLength) letters, digits, \"-\" and \"_\" of ASCII"
    guard bytes.contains(UInt8(ascii: ".")) else { return shown + rule }
    return shown + rule + ", and its overlay holds in every environment and on every machine"
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
