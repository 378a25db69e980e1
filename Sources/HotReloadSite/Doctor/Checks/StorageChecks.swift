import SystemPackage

/// Whether the journal can be kept.
struct StorageChecks {
  /// Below this the next writes may fail, in bytes.
  static let leastFree: Int64 = 16 << 20
  /// Below this it is time to clear up.
  static let comfortableFree: Int64 = 256 << 20
  /// The same for how many files may still be made.
  static let leastInodes: Int64 = 1_000

  let facts: SystemFacts

  var findings: [DoctorFinding] {
    guard let storage = facts.storage else { return [] }
    return [writable(storage), space(storage)]
  }

  private func writable(_ storage: SystemFacts.Storage) -> DoctorFinding {
    let path = storage.path.string
    if storage.isReadOnly {
      return DoctorFinding(
        check: "journal", verdict: .problem,
        message:
          "\(path) is on a file system that is read-only: there is no history, and no last good config after a "
          + "restart",
        fixes: [
          "sudo mount -o remount,rw \(shellQuoted(mountPoint))",
          "keeps_journal = false   # in hotreload.toml: to do without",
        ])
    }
    guard storage.isWritable else {
      let isOwner = storage.owner == facts.user
      return DoctorFinding(
        check: "journal", verdict: .problem,
        message:
          "\(path) cannot be written: there is no history, and no last good config after a restart",
        fixes: [
          isOwner
            ? "chmod u+rwx \(shellQuoted(path))"
            : "sudo chown -R \(facts.user) \(shellQuoted(path))"
        ])
    }
    return DoctorFinding(
      check: "journal", verdict: .ok,
      message: "history and last good configs can be kept in \(path)")
  }

  /// The mount that the journal is on, as far as it is known.
  private var mountPoint: String {
    let data = facts.fileSystems.last {
      $0.isReadOnly && facts.storage?.path.starts(with: facts.root.pushing($0.path)) == true
    }
    return data?.mountPoint?.string ?? facts.root.string
  }

  private func space(_ storage: SystemFacts.Storage) -> DoctorFinding {
    let free = storage.freeBytes
    let lacksInodes = storage.totalInodes > 0 && storage.freeInodes < Self.leastInodes
    let verdict: DoctorFinding.Verdict =
      free < Self.leastFree ? .problem : free < Self.comfortableFree || lacksInodes ? .warning : .ok
    let message =
      "\(grouped(free >> 20)) MiB are free for the journal"
      + (lacksInodes ? ", and only \(grouped(storage.freeInodes)) more files can be made" : "")
    return DoctorFinding(
      check: "disk-space", verdict: verdict, message: message,
      fixes: verdict == .ok
        ? [] : ["du -xh \(shellQuoted(facts.root.string)) | sort -h | tail   # shows what takes it"]
    )
  }
}
