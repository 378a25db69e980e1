import SystemPackage

/// Whether this user may read what is watched, and nobody else what is secret.
struct PermissionChecks {
  /// How many paths one line of a fix names; with more, there are more lines.
  static let pathsInLine = 8

  let facts: SystemFacts

  var findings: [DoctorFinding] { [readable, secrets] }

  private var readable: DoctorFinding {
    let denied = facts.tree.denied
    guard !denied.isEmpty else {
      return DoctorFinding(
        check: "readable", verdict: .ok,
        message:
          "all \(grouped(facts.tree.files)) files in \(grouped(facts.tree.folders)) folders can be read"
      )
    }
    let folders = denied.filter(\.isFolder).map(\.path)
    let files = denied.filter { !$0.isFolder }.map(\.path)
    let parts = [
      folders.isEmpty ? nil : "cannot list \(named(folders))",
      files.isEmpty ? nil : "cannot read \(named(files))",
    ]
    return DoctorFinding(
      check: "readable", verdict: .problem,
      message: parts.compactMap(\.self).joined(separator: "; "),
      fixes: lines("chmod u+rx", folders) + lines("chmod u+r", files))
  }

  private var secrets: DoctorFinding {
    let open = facts.tree.openSecrets
    guard !open.isEmpty else {
      return DoctorFinding(
        check: "secrets", verdict: .ok, message: "secret/ is closed to others, or not there")
    }
    return DoctorFinding(
      check: "secrets", verdict: .warning,
      message: "everybody on this machine has access to \(named(open))",
      fixes: lines("chmod o-rwx", open))
  }

  private func lines(_ command: String, _ paths: [FilePath]) -> [String] {
    stride(from: 0, to: paths.count, by: Self.pathsInLine).map { start in
      let part = paths[start..<min(start + Self.pathsInLine, paths.count)]
      let words = part.map { shellQuoted(facts.root.pushing($0).string) }
      return "\(command) \(words.joined(separator: " "))"
    }
  }
}

/// Some paths by name, and how many more there are.
func named(_ paths: [FilePath], limit: Int = 3) -> String {
  let names = paths.prefix(limit).map { $0.isEmpty ? "the root" : $0.string }
  let rest = paths.count - names.count
  return names.joined(separator: ", ") + (rest > 0 ? " and \(grouped(rest)) more" : "")
}
