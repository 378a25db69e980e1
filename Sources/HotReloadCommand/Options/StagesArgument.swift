import ArgumentParser
import HotReloadFleet

/// The plan of a rollout on the command line: `1%:5m,10%:5m,100%:10m`, each with the time that it is watched.
struct StagesArgument: Hashable {
  let stages: [RolloutStage]

  /// What a plan looks like, for who gave something else.
  static let advice =
    "a plan is 1 to \(FleetOptions.maximumStages) growing shares with the time that each is watched, and 100% at its end: "
    + "1%:5m,10%:5m,100%:10m"

  /// The plan.
  /// - Throws: `ValidationError`.
  static func parse(_ argument: String) throws -> StagesArgument {
    guard let plan = StagesArgument(argument: argument) else { throw ValidationError(advice) }
    return plan
  }

  init?(argument: String) {
    var stages: [RolloutStage] = []
    var last = 0.0
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: ":", omittingEmptySubsequences: false)
      guard (1...2).contains(words.count), words[0].hasSuffix("%"),
        let percent = Double(words[0].dropLast()), percent > last, percent <= 100
      else { return nil }
      let bake = words.count == 2 ? DurationArgument(argument: String(words[1]))?.duration : .zero
      guard let bake else { return nil }
      stages.append(RolloutStage(percent: percent, bake: bake))
      last = percent
    }
    guard last == 100, stages.count <= FleetOptions.maximumStages else { return nil }
    self.stages = stages
  }
}

/// The digest of a bundle, or its first digits.
struct DigestArgument: ExpressibleByArgument, Hashable {
  /// The fewest digits that are taken for a digest.
  static let minimumDigits = 4

  let digits: String

  init?(argument: String) {
    let digits = argument.lowercased()
    guard (Self.minimumDigits...64).contains(digits.utf8.count),
      digits.utf8.allSatisfy({
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      })
    else { return nil }
    self.digits = digits
  }

  /// The one digest that is meant.
  /// - Parameters:
  ///   - place: where they are from, for people: `the fleet's history`.
  func digest(
    among known: some Sequence<BundleDigest>, of place: String
  ) throws(FleetFailure) -> BundleDigest {
    let matches = Set(known.filter { $0.rawValue.hasPrefix(digits) })
    if matches.count > 1 {
      let names = matches.map(\.short).sorted().joined(separator: ", ")
      throw FleetFailure(
        "ambiguousDigest", "\(digits) may be \(names) in \(place); give more digits")
    }
    guard let match = matches.first else {
      throw FleetFailure(
        "unknownDigest", "no content in \(place) has a digest that begins with \(digits)")
    }
    return match
  }
}
