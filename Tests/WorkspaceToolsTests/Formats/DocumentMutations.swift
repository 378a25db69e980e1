import HotReloadTesting

/// Half-edited documents: what an editor, a crash or a cat makes of a good one.
enum DocumentMutations {
  /// `document` with one to four things changed; pieces come from `corpus`.
  static func mutate(
    _ document: [UInt8], corpus: [[UInt8]], tokens: [String], random: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = document
    let changes = Bool.random(using: &random) ? 1 : Int.random(in: 2...4, using: &random)
    for _ in 0..<changes {
      change(&bytes, corpus: corpus, tokens: tokens, random: &random)
    }
    return bytes
  }

  private static func change(
    _ bytes: inout [UInt8], corpus: [[UInt8]], tokens: [String], random: inout SeededGenerator
  ) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes.removeSubrange(place..<end)
    case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
    case 3 where place < bytes.count: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
    case 4: bytes.removeSubrange(place...)
    case 5:
      let other = corpus.randomElement(using: &random) ?? []
      let start = Int.random(in: 0...other.count, using: &random)
      bytes.insert(contentsOf: other[start...].prefix(40), at: place)
    default:
      bytes.insert(contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: place)
    }
  }
}
