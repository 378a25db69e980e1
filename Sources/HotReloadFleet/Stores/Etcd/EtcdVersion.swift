/// The version of an etcd, and whether it has what is known to be wrong with older ones.
struct EtcdVersion: Comparable, CustomStringConvertible {
  var major: Int
  var minor: Int
  var patch: Int

  /// From `3.5.12` or `3.6.0-rc.1`; nil for another text.
  init?(_ text: String) {
    let numbers = text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) }
    guard numbers.count == 3, let major = numbers[0], let minor = numbers[1],
      let patch = numbers[2]
    else { return nil }
    (self.major, self.minor, self.patch) = (major, minor, patch)
  }

  static func < (left: EtcdVersion, right: EtcdVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }

  var description: String { "\(major).\(minor).\(patch)" }

  /// What a person who runs this version should know; nil if nothing is.
  var advice: String? {
    let isMended: Bool =
      switch (major, minor) {
      case (3, ..<5): false
      case (3, 5): patch >= 33
      case (3, 6): patch >= 14
      default: (major, minor, patch) >= (3, 7, 1)
      }
    guard !isMended else { return nil }
    return
      "etcd \(self) has known weaknesses that 3.5.33, 3.6.14 and 3.7.1 mend: a user who may read one key "
      + "can watch all that follow it (GHSA-xg4h-6gfc-h4m8), and TLS handshakes that never end use it up "
      + "(CVE-2026-73500); install one of these versions, or a later one"
  }
}
