public import WorkspaceTools

/// Says which variant a subject gets, from the experiment's name, its salt and its weights alone: the same answer in every
/// process, on every machine and in every language.
///
/// The method is weighted rendezvous hashing with logarithms (Schindelhauer and Schomaker, "Weighted Distributed Hash
/// Tables", SPAA 2005; also draft-ietf-bess-weighted-hrw), in integers only, because floating logarithms differ in
/// their last bit from one library to the next:
///
/// 1. `s` is the first eight bytes, big-endian, of SHA-256 of experiment, NUL, salt, NUL, subject, all in UTF-8.
/// 2. `v` is the same of SHA-256 of the variant's name; `x` is the finalizer of SplitMix64 (Steele, Lea and
///    Flood, "Fast splittable pseudorandom number generators", 2014) on `s` xor `v`, with the lowest bit set.
/// 3. `rarity` is −log2(x / 2^64) with 32 binary places; see ``rarity(_:)``.
/// 4. The subject gets the variant whose rarity divided by weight is smallest, compared by multiplying crosswise; of equal
///    ones that whose name comes first by bytes. A variant of weight 0 has no part in it.
///
/// A change of one weight moves subjects only to that variant or only away from it. `Documentation/VARIANTS.md` says
/// more, and has test vectors.
public struct VariantAssigner: Sendable {
  private struct Candidate: Sendable {
    var index: Int
    var weight: UInt64
    var key: UInt64
  }

  /// Where a subject belongs.
  struct Choice: Sendable, Equatable {
    /// The variant's place among the names.
    var index: Int
    /// Whether it is so because the settings name it.
    var isTestSubject: Bool
    /// The digest of experiment, salt and subject.
    var digest: SHA256.Digest
  }

  /// The experiment's settings.
  public let experiment: ConfigExperiment
  /// The variants' names: `control`, and then the others in the order of their bytes.
  public let names: [String]

  private let hash: SHA256
  /// Those that can be drawn, in the order of their names' bytes.
  private let candidates: [Candidate]
  private let testSubjects: [SHA256.Digest: Int]

  /// Prepares the assignment.
  ///
  /// - Parameter variants: the names of the variants that there are, without `control`. What the settings say of others
  ///   does not count.
  public init(_ experiment: ConfigExperiment, variants: [String]) {
    let sorted = variants.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let names = [ConfigExperiment.control] + sorted
    let hash = SHA256(
      beginning: Array(experiment.name.utf8) + [0] + Array(experiment.salt.utf8) + [0])
    self.experiment = experiment
    self.names = names
    self.hash = hash
    candidates = names.indices
      .sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
      .compactMap { index in
        let weight = UInt64(clamping: experiment.weights[names[index]] ?? 0)
        guard weight > 0 else { return nil }
        return Candidate(
          index: index, weight: min(weight, UInt64(ConfigExperiment.maximumWeight)),
          key: SHA256().digest(of: names[index])[0])
      }
    var testSubjects: [SHA256.Digest: Int] = [:]
    for (subject, variant) in experiment.testSubjects {
      if let index = names.firstIndex(of: variant) {
        testSubjects[hash.digest(of: subject)] = index
      }
    }
    self.testSubjects = testSubjects
  }

  /// The variant that a subject gets: `control` for the config without an overlay. Takes less than a microsecond for a
  /// subject of usual length.
  ///
  /// - Parameter subject: any text; its UTF-8 counts, byte by byte. `é` in one and in two scalars are two subjects.
  public func variant(for subject: String) -> String {
    names[choice(for: subject).index]
  }

  func choice(for subject: String) -> Choice {
    let digest = hash.digest(of: subject)
    if !testSubjects.isEmpty, let index = testSubjects[digest] {
      return Choice(index: index, isTestSubject: true, digest: digest)
    }
    return Choice(index: drawn(for: digest[0]), isTestSubject: false, digest: digest)
  }

  private func drawn(for subject: UInt64) -> Int {
    guard var best = candidates.first else { return 0 }
    guard candidates.count > 1 else { return best.index }
    var rarest = Self.rarity(subject ^ best.key)
    for candidate in candidates.dropFirst() {
      let rarity = Self.rarity(subject ^ candidate.key)
      // Both sides are below 2^58.
      if rarity &* best.weight < rarest &* candidate.weight { (best, rarest) = (candidate, rarity) }
    }
    return best.index
  }

  /// How rare a number is when it is taken for a random one: an exponentially distributed number above 0 and up to 2^38,
  /// with 32 binary places.
  ///
  /// The number is mixed and taken for a fraction of 2^64. The whole part of its logarithm is its highest bit's
  /// place; each further bit comes of squaring what is left, in 64 bits with the rest cut off.
  static func rarity(_ number: UInt64) -> UInt64 {
    let mixed = mixed(number) | 1
    let zeros = UInt64(mixed.leadingZeroBitCount)
    var mantissa = mixed << zeros
    var places: UInt64 = 0
    for _ in 0..<placeCount {
      let square = mantissa.multipliedFullWidth(by: mantissa)
      // A mantissa is 1 to 2 with 63 places, so its square is 1 to 4.
      let bit = square.high >> 63
      places = places << 1 | bit
      let halved = square.high << 1 | square.low >> 63
      mantissa = bit == 1 ? square.high : halved
    }
    return (zeros + 1) << placeCount - places
  }

  /// The binary places of a ``rarity(_:)``.
  static let placeCount: UInt64 = 32

  /// The finalizer of SplitMix64.
  private static func mixed(_ number: UInt64) -> UInt64 {
    var z = number
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
