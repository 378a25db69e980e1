/// What an `Accept-Encoding` header allows (RFC 9110, section 12.5.3).
public struct AcceptEncoding: Sendable, Hashable {
  /// The weight of gzip, of anything else, and of a body as it is, in thousandths; nil if the header does not name it.
  private var gzip: Int?
  private var others: Int?
  private var identity: Int?

  /// The most items that are looked at.
  private static let maximumItems = 64

  /// Reads a header.
  /// - Parameter header: its value; nil if there is none.
  public init(_ header: String?) {
    for item in (header ?? "").split(separator: ",").prefix(Self.maximumItems) {
      let parts = item.split(separator: ";").map { $0.trimmingSpaces() }
      guard let coding = parts.first?.lowercased() else { continue }
      let weight = parts.dropFirst().lazy.compactMap(Self.weight).first ?? 1_000
      switch coding {
      case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
      case "*": others = weight
      case "identity": identity = weight
      default: continue
      }
    }
  }

  /// Whether gzip is welcome, and not less than a body as it is.
  public var prefersGzip: Bool {
    let weight = gzip ?? others ?? 0
    return weight > 0 && weight >= (identity ?? 0)
  }

  /// `q=0.5` in thousandths; nil for any other parameter, 0 for a weight that cannot be read.
  private static func weight(_ parameter: Substring) -> Int? {
    guard parameter.lowercased().hasPrefix("q=") else { return nil }
    let digits = Array(parameter.utf8.dropFirst(2))
    guard let first = digits.first, first == 0x30 || first == 0x31, digits.count <= 5 else {
      return 0
    }
    if digits.count == 1 { return first == 0x31 ? 1_000 : 0 }
    guard digits[1] == UInt8(ascii: ".") else { return 0 }
    var value = first == 0x31 ? 1_000 : 0
    var unit = 100
    for digit in digits.dropFirst(2) {
      guard (0x30...0x39).contains(digit) else { return 0 }
      value += Int(digit - 0x30) * unit
      unit /= 10
    }
    return min(value, 1_000)
  }
}
