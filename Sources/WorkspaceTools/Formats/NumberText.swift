/// Numbers out of bytes whose grammar a parser has checked.
enum NumberText {
  /// Powers of ten that a Double holds exactly.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The decimal integer in `bytes` (an optional sign, digits, underscores between them); nil if it
  /// does not fit.
  static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    var index = 0
    var isNegative = false
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      index = 1
    }
    // Negative numbers reach one further, so everything is counted downwards.
    var value: Int64 = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "_") { continue }
      let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (difference, tooFar) = product.subtractingReportingOverflow(Int64(byte &- 48))
      if tooLarge || tooFar { return nil }
      value = difference
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  /// The integer of digits of radix 16, 8 or 2 with underscores between them; nil if it does not
  /// fit.
  static func integer(_ bytes: UnsafeBufferPointer<UInt8>, radix: Int64) -> Int64? {
    var value: Int64 = 0
    for byte in bytes where byte != UInt8(ascii: "_") {
      let digit: UInt8 = byte < 0x40 ? byte &- 48 : (byte & 0x5F) &- 55
      let (product, tooLarge) = value.multipliedReportingOverflow(by: radix)
      let (sum, tooFar) = product.addingReportingOverflow(Int64(digit))
      if tooLarge || tooFar { return nil }
      value = sum
    }
    return value
  }

  /// The decimal number in `bytes` (sign, digits, fraction, exponent, underscores between digits),
  /// correctly rounded; infinite if it is too large.
  static func float(_ bytes: UnsafeBufferPointer<UInt8>) -> Double {
    quickFloat(bytes) ?? exactFloat(bytes)
  }

  /// Few digits and a small exponent: one exact multiplication or division (W. D. Clinger, "How to
  /// read floating point numbers accurately", 1990).
  private static func quickFloat(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var digits: UInt64 = 0
    var digitCount = 0
    var exponent = 0
    var isNegative = false
    var index = 0
    var isFraction = false
    loop: while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits = digits &* 10 &+ UInt64(byte &- 48)
        digitCount += 1
        if isFraction { exponent -= 1 }
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "+"), UInt8(ascii: "_"): break
      default: break loop
      }
      index += 1
    }
    guard digitCount <= 19, digits <= 1 << 53 else { return nil }
    if index < bytes.count {
      let text = UnsafeBufferPointer(rebasing: bytes[(index + 1)...])
      guard text.count <= 4, let written = integer(text) else { return nil }
      exponent += Int(written)
    }
    guard abs(exponent) <= 22 else { return nil }
    let magnitude =
      exponent < 0 ? Double(digits) / powers[-exponent] : Double(digits) * powers[exponent]
    return isNegative ? -magnitude : magnitude
  }

  private static func exactFloat(_ bytes: UnsafeBufferPointer<UInt8>) -> Double {
    let text = String(decoding: bytes.lazy.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    return Double(text) ?? .infinity
  }
}
