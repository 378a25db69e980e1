/// Whether the kernel's limits suffice for watching.
struct WatchLimitChecks {
  /// What is left free for other programs: a limit that is used beyond this percentage is a warning.
  static let comfortablePercentage = 80
  /// The kernel's own default; below it a burst of changes makes everything be compared again.
  static let usualQueuedEvents = 16_384
  /// What is proposed at least, as most distributions do.
  static let proposedWatches = 524_288
  static let proposedInstances = 1_024
  /// The queues that one `hotreload` opens.
  static let neededInstances = 1
  /// What a server with its connections opens; below it busy times fail.
  static let neededDescriptors = 1_024
  /// Below this not even a start is sure.
  static let leastDescriptors = 128
  static let proposedDescriptors = 4_096

  let facts: SystemFacts

  var findings: [DoctorFinding] {
    guard let inotify = facts.inotify else {
      return [
        DoctorFinding(
          check: "inotify-watches", verdict: .warning,
          message: "the limits of inotify cannot be read below /proc/sys/fs/inotify",
          fixes: ["mount -t proc proc /proc"])
      ] + [descriptors].compactMap(\.self)
    }
    return [watches(inotify), instances(inotify), queue(inotify)] + [descriptors].compactMap(\.self)
  }

  /// The workspace's folders, and those above the root, whose replacement is noticed too.
  var neededWatches: Int { facts.tree.folders + facts.root.components.count }

  private func watches(_ inotify: SystemFacts.Inotify) -> DoctorFinding {
    let (limit, used, needed) = (inotify.maximumWatches, inotify.usedWatches, neededWatches)
    let atLeast = facts.tree.isCut ? "at least " : ""
    let message =
      "\(atLeast)\(grouped(needed)) watches are needed, \(grouped(used)) are in use by your programs, "
      + "\(grouped(limit)) is the limit"
    let wanted = max(Self.proposedWatches, powerOfTwo(atLeast: 2 * (used + needed)))
    return DoctorFinding(
      check: "inotify-watches",
      verdict: verdict(used: used, needed: needed, limit: limit), message: message,
      fixes: isTight(used: used, needed: needed, limit: limit)
        ? sysctl("max_user_watches", wanted) : [])
  }

  private func instances(_ inotify: SystemFacts.Inotify) -> DoctorFinding {
    let (limit, used) = (inotify.maximumInstances, inotify.usedInstances)
    let needed = Self.neededInstances
    return DoctorFinding(
      check: "inotify-instances", verdict: verdict(used: used, needed: needed, limit: limit),
      message: "\(needed) queue is needed, \(grouped(used)) are in use by your programs, "
        + "\(grouped(limit)) is the limit",
      fixes: isTight(used: used, needed: needed, limit: limit)
        ? sysctl(
          "max_user_instances",
          max(Self.proposedInstances, powerOfTwo(atLeast: 2 * (used + needed))))
        : [])
  }

  private func queue(_ inotify: SystemFacts.Inotify) -> DoctorFinding {
    let limit = inotify.maximumQueuedEvents
    guard limit < Self.usualQueuedEvents else {
      return DoctorFinding(
        check: "inotify-queue", verdict: .ok,
        message: "\(grouped(limit)) events may wait; after more, everything is compared again")
    }
    return DoctorFinding(
      check: "inotify-queue", verdict: .warning,
      message:
        "only \(grouped(limit)) events may wait: after a larger burst, such as a checkout, everything is "
        + "compared again, which loses nothing and takes longer",
      fixes: sysctl("max_queued_events", Self.usualQueuedEvents))
  }

  private var descriptors: DoctorFinding? {
    guard let limits = facts.descriptors else { return nil }
    let (soft, hard) = (limits.soft, limits.hard)
    let message = "\(grouped(soft)) files and connections may be open at once"
    guard soft < Self.neededDescriptors else {
      return DoctorFinding(check: "descriptors", verdict: .ok, message: message)
    }
    let wanted = Self.proposedDescriptors
    return DoctorFinding(
      check: "descriptors", verdict: soft < Self.leastDescriptors ? .problem : .warning,
      message: message + ", a busy server wants \(grouped(Self.neededDescriptors))",
      fixes: hard >= wanted
        ? ["ulimit -n \(wanted)"]
        : [
          "sudo prlimit --pid $$ --nofile=\(wanted)",
          "echo '* - nofile \(wanted)' | sudo tee /etc/security/limits.d/60-hotreload.conf",
        ])
  }

  private func verdict(used: Int, needed: Int, limit: Int) -> DoctorFinding.Verdict {
    if used + needed > limit { return .problem }
    return isTight(used: used, needed: needed, limit: limit) ? .warning : .ok
  }

  private func isTight(used: Int, needed: Int, limit: Int) -> Bool {
    used + needed > limit / 100 * Self.comfortablePercentage
      + limit % 100 * Self.comfortablePercentage / 100
  }

  private func sysctl(_ name: String, _ value: Int) -> [String] {
    [
      "sudo sysctl fs.inotify.\(name)=\(value)",
      "echo fs.inotify.\(name)=\(value) | sudo tee -a /etc/sysctl.d/60-hotreload.conf",
    ]
  }

  private func powerOfTwo(atLeast number: Int) -> Int {
    var power = 1
    while power < number, power < 1 << 31 { power <<= 1 }
    return power
  }
}

/// A number with commas between its thousands.
func grouped(_ number: some BinaryInteger) -> String {
  let digits = Array(String(number))
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, digit != "-", digits[index - 1] != "-", (digits.count - index) % 3 == 0 {
      text += ","
    }
    text.append(digit)
  }
  return text
}
