/// Refuses to take the first byte of a valid UTF-8 sequence for a stray byte.
///
/// `?` is one scalar, or one byte that is not part of a scalar. Whether a lead byte is one or the
/// other shows only later; until then the guard follows, and gives up on this reading if the
/// sequence turns out valid. Ranges: Unicode 16, table 3-7 "Well-Formed UTF-8 Byte Sequences".
enum UTF8Guard: UInt8 {
  case none
  /// One continuation byte more makes the sequence valid.
  case one
  case two
  case afterE0
  case afterED
  case three
  case afterF0
  case afterF4

  /// Bytes that no valid sequence begins with.
  static let neverFirst: [ClosedRange<UInt8>] = [0x80...0xC1, 0xF5...0xFF]
  /// Bytes that begin a sequence of two to four bytes.
  static let leads: ClosedRange<UInt8> = 0xC2...0xF4
  /// Where the bytes change their meaning: the first of each class.
  static let boundaries: [Int] = [
    0x80, 0x90, 0xA0, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF1, 0xF4, 0xF5,
  ]

  /// The guard after a stray lead byte.
  init(lead: UInt8) {
    self =
      switch lead {
      case 0xC2...0xDF: .one
      case 0xE0: .afterE0
      case 0xED: .afterED
      case 0xE1...0xEF: .two
      case 0xF0: .afterF0
      case 0xF4: .afterF4
      case 0xF1...0xF3: .three
      default: .none
      }
  }

  /// The guard after one byte more; nil if the sequence is valid.
  func advanced(over byte: UInt8) -> UTF8Guard? {
    let (expected, following): (ClosedRange<UInt8>, UTF8Guard?) =
      switch self {
      case .none: (0...0, UTF8Guard.none)
      case .one: (0x80...0xBF, nil)
      case .two: (0x80...0xBF, .one)
      case .afterE0: (0xA0...0xBF, .one)
      case .afterED: (0x80...0x9F, .one)
      case .three: (0x80...0xBF, .two)
      case .afterF0: (0x90...0xBF, .two)
      case .afterF4: (0x80...0x8F, .two)
      }
    return expected.contains(byte) ? following : UTF8Guard.none
  }
}
