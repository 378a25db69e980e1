import HotReload

/// What our own pages prove with that they are ours: 32 random bytes, another for each process.
public struct LiveToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// How many random bytes it has.
  public static let size = 32

  /// As it stands in pages, URLs and headers: base64 with `-` and `_` (RFC 4648, section 5), without padding.
  public let text: String

  /// A token that nobody can guess, from the system's random numbers.
  public init() {
    var generator = SystemRandomNumberGenerator()
    self.init(bytes: (0..<Self.size).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }

  init(bytes: [UInt8]) {
    text = String(decoding: base64(bytes), as: UTF8.self)
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// Whether a text is the token. It takes as long whatever differs, so that the time tells nothing of the token.
  public func matches(_ other: some StringProtocol) -> Bool {
    let mine = Array(text.utf8)
    let theirs = Array(other.utf8.prefix(mine.count + 1))
    var difference = mine.count ^ theirs.count
    for (index, byte) in mine.enumerated() {
      difference |= Int(byte ^ (index < theirs.count ? theirs[index] : 0))
    }
    return difference == 0
  }

  /// Nothing of the token, so that no log has it; see ``text``.
  public var description: String { "(token)" }
  /// The same.
  public var debugDescription: String { description }
}
