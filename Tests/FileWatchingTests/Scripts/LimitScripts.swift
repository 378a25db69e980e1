import FileWatching
import Glibc
import Synchronization
import SystemPackage
import Testing

extension Scripts {
  /// What happens at the kernel's limits and the system's refusals.
  @Suite("Limits")
  struct Limits {
    /// Holds up the watcher's own thread within its observer, until it is opened.
    private final class Gate: Sendable {
      private let closed = Mutex(false)
      private let lock: Mutex<Void> = Mutex(())
      private let waiting = Mutex(false)

      var isWaiting: Bool { waiting.withLock { $0 } }

      func pass() {
        guard closed.withLock({ $0 }) else { return }
        waiting.withLock { $0 = true }
        lock.withLock { _ in }
        waiting.withLock { $0 = false }
      }

      /// Runs the body while whoever passes is held up; `start` must make somebody pass.
      func whileClosed(start: () throws -> Void, body: () throws -> Void) throws {
        try lock.withLock { _ in
          closed.withLock { $0 = true }
          defer { closed.withLock { $0 = false } }
          try start()
          let deadline = ContinuousClock.now + longestSettling
          while !isWaiting {
            guard ContinuousClock.now < deadline else {
              throw ChildFailure(description: "the observer was not called")
            }
            sched_yield()
          }
          try body()
        }
      }
    }

    // Reason: the kernel's queue is finite and drops events silently but for one mark. Everything must be
    // compared again. The limit is the whole machine's: we fill the queue and never change the limit.
    @Test("An overflow of the kernel's queue loses nothing", arguments: Setting.events)
    func overflow(_ setting: Setting) async throws {
      let gate = Gate()
      let recorder = Recorder(distortion: { set in
        gate.pass()
        return [set]
      })
      var plan = Plan()
      plan.quietPeriod = .zero
      plan.debounce = .milliseconds(5)
      let limit = try eventQueueLimit()
      try await Script.run(setting, plan, recorder: recorder) { root in
        try root.makeFolder("busy")
        try root.makeFolder("quiet/deep")
        try root.write("quiet/deep/file.txt", "one")
        try root.write("quiet/gone.txt", "gone")
      } body: { script in
        try gate.whileClosed {
          try script.root.write("start.txt", "start")
        } body: {
          // Equal events that follow each other are merged by the kernel, so these differ.
          for number in 0...(limit / 2 + 200) {
            let path: FilePath = number % 2 == 0 ? "busy/even" : "busy/odd"
            let file = try script.root.open(path, O_WRONLY | O_CREAT | O_EXCL)
            close(file)
            try script.root.remove(path)
          }
          // All of this comes after the queue was full.
          try script.root.replace("quiet/deep/file.txt", "two")
          try script.root.remove("quiet/gone.txt")
          try script.root.makeFolder("quiet/new/deep")
          try script.root.write("quiet/new/deep/file.txt", "new")
          try script.root.move("busy", "moved")
        }
        try await script.sync()
        #expect(script.recorder.notices.contains(.rescanned(.overflow)))
        try script.root.write("quiet/new/deep/file.txt", "still watched")
        try script.root.write("moved/file.txt", "still watched")
        let sets = try await script.sync()
        #expect(!sets.isEmpty)
      }
    }

    private func eventQueueLimit() throws -> Int {
      let text = try Folder("/proc/sys/fs/inotify").read("max_queued_events")
      return try #require(Int(text.trimmed))
    }

    // Reason: the number of watches is limited per user. Nothing may get lost, and somebody must hear which
    // setting to raise. Lowered in a user namespace of its own; the machine's setting stays as it is.
    @Test(
      "At the watch limit the rest is polled, and says so",
      .enabled(if: WatcherProcess.canLimitWatches, "needs user namespaces"))
    func watchLimit() async throws {
      let before = try Folder("/proc/sys/user").read("max_inotify_watches")
      try await WatcherProcess.run(
        userNamespaceWatchLimit: 12,
        prepare: { root in
          for number in 0..<30 { try root.makeFolder("f\(number)") }
          try root.write("f3/a.txt", "one")
          try root.write("f29/b.txt", "one")
        }
      ) { process in
        #expect(try Folder("/proc/sys/user").read("max_inotify_watches") == before)
        try process.root.write("f3/a.txt", "two")
        try process.root.write("f29/b.txt", "two")
        for number in 0..<30 { try process.root.write("f\(number)/new.txt", "new") }
        try process.root.makeFolder("late/deep")
        try process.root.write("late/deep/file.txt", "late")
        try await process.sync()
        process.expectViewEqualsFileSystem()
        #expect(process.notices.contains { $0.hasPrefix("degraded") && $0.contains("ENOSPC") })
        #expect(process.notices.contains { $0.contains("max_user_watches") }, "says what to raise")
        try process.root.write("f29/b.txt", "three")
        try process.root.remove("f3")
        try process.root.move("late", "later")
        try await process.sync()
        process.expectViewEqualsFileSystem()
        let status = try await process.status()
        #expect(status.watches <= 12)
        #expect(status.degraded > 0)
      }
    }

    // Reason: one folder that belongs to somebody else must not end the watching of all others. Root may read
    // everything, so this is watched as another user.
    @Test(
      "A folder that may not be read is reported, and the rest goes on",
      .enabled(if: WatcherProcess.canChangeUser, "needs root, to watch as another user"),
      arguments: ["automatic", "polling"])
    func unreadableFolder(_ backend: String) async throws {
      try await WatcherProcess.run(
        backend: backend, asNobody: true,
        prepare: { root in
          try root.makeFolder("open")
          try root.makeFolder("closed/deep")
          try root.write("open/file.txt", "one")
          try root.write("closed/deep/file.txt", "hidden")
          try root.setMode("closed", 0o700)
        }
      ) { process in
        #expect(try await process.openFailure("closed") == EACCES)
        #expect(try await process.openFailure("open") == 0)
        try await process.sync()
        try process.root.write("open/file.txt", "two")
        try process.root.write("closed/deep/file.txt", "still hidden")
        try await process.sync()
        #expect(process.takeChanges() == ["modified open/file.txt"])
        try process.root.setMode("closed", 0o755)
        try await process.sync()
        #expect(process.takeChanges() == ["created closed/deep/file.txt"])
        try process.root.write("closed/deep/file.txt", "seen")
        try await process.sync()
        #expect(process.takeChanges() == ["modified closed/deep/file.txt"])
        try process.root.setMode("closed", 0o700)
        try await process.sync()
        #expect(process.takeChanges() == ["deleted closed/deep/file.txt"])
        #expect(process.notices.contains { $0.hasPrefix("unreadable closed ") })
        #expect(process.notices.contains { $0.hasPrefix("restored closed") })
      }
    }

    // Reason: a permission that takes the file away from its reader, or gives it, is a change like another.
    @Test(
      "A file that becomes unreadable or readable is modified",
      .enabled(if: WatcherProcess.canChangeUser, "needs root, to watch as another user"),
      arguments: ["automatic", "polling"])
    func unreadableFile(_ backend: String) async throws {
      try await WatcherProcess.run(
        backend: backend, asNobody: true, prepare: { try $0.write("file.txt", "one") }
      ) { process in
        try process.root.setMode("file.txt", 0o640)
        try await process.sync()
        #expect(process.takeReported() == ["modified file.txt"])
        // Nothing of this shows to who may not read it, nor when it is looked at twice within a clock's tick.
        for attempt in 1...20 {
          try process.root.setMode("file.txt", attempt % 2 == 0 ? 0o640 : 0o600)
          try await process.sync()
          try await process.sync()
          #expect(process.takeReported() == [], "attempt \(attempt)")
        }
        try process.root.setMode("file.txt", 0o644)
        try await process.sync()
        #expect(process.takeReported() == ["modified file.txt"])
      }
    }

    // Reason: a bind mount shows one folder at two places without any link; the kernel has one inode for both.
    @Test(
      "A folder that is mounted at two places reports both",
      .enabled(if: WatcherProcess.canMount, "needs mount namespaces"),
      arguments: ["automatic", "polling"])
    func bindMount(_ backend: String) async throws {
      try await WatcherProcess.run(
        backend: backend, bindMount: ("real", "mounted"),
        prepare: { root in
          try root.makeFolder("real/deep")
          try root.makeFolder("mounted")
          try root.write("real/deep/file.txt", "one")
        }
      ) { process in
        try process.root.write("real/deep/file.txt", "two")
        try await process.sync()
        #expect(
          process.takeChanges() == [
            "modified mounted/deep/file.txt", "modified real/deep/file.txt",
          ])
        try process.root.write("real/new.txt", "new")
        try await process.sync()
        #expect(process.takeChanges() == ["created mounted/new.txt", "created real/new.txt"])
      }
    }
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    let isSpace: (Character) -> Bool = { $0.isWhitespace }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
