import SystemPackage

/// Whether changes below the root can be seen at all.
struct FileSystemChecks {
  /// Two edits within this time that leave a file's size as it is can look like one, in nanoseconds.
  static let fineGranularity: Int64 = 10_000_000

  let facts: SystemFacts

  var findings: [DoctorFinding] {
    events + boundFiles + [granularity].compactMap(\.self)
  }

  private var events: [DoctorFinding] {
    let remote = facts.fileSystems.filter(\.isRemote).map(polled)
    guard remote.isEmpty else { return remote }
    var message = "changes are told by the kernel"
    let types = facts.fileSystems.map(\.type)
    if let first = types.first {
      message += " (\(Set(types).count == 1 ? first : Set(types).sorted().joined(separator: ", ")))"
    }
    if types.contains("overlay") {
      message += "; of changes made to the lower layers of an overlay from outside it hears nothing"
    }
    return [DoctorFinding(check: "file-system-events", verdict: .ok, message: message)]
  }

  private func polled(_ system: SystemFacts.FileSystem) -> DoctorFinding {
    let place = system.path.isEmpty ? "the root" : system.path.string
    let local =
      system.type == "9p" || system.type == "drvfs"
      ? "cp -a \(shellQuoted(facts.root.string)) ~/" : nil
    return DoctorFinding(
      check: "file-system-events", verdict: .warning,
      message:
        "\(place) is on \(system.type), which does not tell of changes made elsewhere: it is polled, "
        + "\(grouped(system.files)) files every \(grouped(facts.pollMilliseconds)) ms, and a change is seen that much later",
      fixes: [local ?? "poll_interval_ms = 250   # in hotreload.toml: sooner, and more work"])
  }

  private var boundFiles: [DoctorFinding] {
    let findings = facts.boundFiles.map { file in
      let folder = file.path.removingLastComponent()
      let inside = facts.root.pushing(folder).string
      let outside = file.source.removingLastComponent().string
      let volume = "\(outside):\(inside)"
      return DoctorFinding(
        check: "bound-files", verdict: .problem,
        message:
          "\(file.path) is mounted as a single file: editors and deployments replace the file outside, and here "
          + "the old one stays; mount its folder instead",
        fixes: [
          "docker run -v \(shellQuoted(volume)) ...",
          "volumes: [\"\(volume)\"]   # in compose.yaml",
        ])
    }
    return findings.isEmpty
      ? [DoctorFinding(check: "bound-files", verdict: .ok, message: "no single file is mounted")]
      : findings
  }

  private var granularity: DoctorFinding? {
    switch facts.granularity {
    case nil: nil
    case .atMost(let nanoseconds) where nanoseconds <= Self.fineGranularity:
      DoctorFinding(
        check: "timestamps", verdict: .ok,
        message: "times of files differ after \(milliseconds(nanoseconds)) ms or less")
    case .atMost(let nanoseconds): coarse("differ only after \(milliseconds(nanoseconds)) ms")
    case .moreThan(let nanoseconds): coarse("do not differ within \(milliseconds(nanoseconds)) ms")
    }
  }

  private func coarse(_ what: String) -> DoctorFinding {
    DoctorFinding(
      check: "timestamps", verdict: .warning,
      message:
        "times of files \(what): of two edits in that time that leave the size as it is, the second may be seen late",
      fixes: ["touch FILE   # makes it be looked at again"])
  }

  private func milliseconds(_ nanoseconds: Int64) -> String {
    let hundredths = (nanoseconds + 9_999) / 10_000
    return hundredths % 100 == 0
      ? "\(hundredths / 100)" : "\(hundredths / 100).\(String(100 + hundredths % 100).dropFirst())"
  }
}
