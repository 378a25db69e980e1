import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// What consumers are promised, whatever happened to the files.
  @Suite("Subscriptions")
  struct Subscriptions {
    // Reason: one watcher serves configs and content, and a busy one must not show up at the other.
    @Test(
      "Each subscription gets what it asked for, with numbers of its own",
      arguments: Setting.all)
    func severalSubscriptions(_ setting: Setting) async throws {
      let configs = Recorder()
      let pages = Recorder()
      let both = Recorder()
      func subscription(_ include: [String], _ exclude: [String], _ recorder: Recorder)
        -> FileWatcher.Subscription
      {
        FileWatcher.Subscription(
          include: include, exclude: exclude, quietPeriod: .seconds(60),
          debounce: .milliseconds(5), maxWait: .seconds(120), observer: { recorder.receive($0) })
      }
      try await watch(
        setting,
        [
          subscription(["config/**/*.toml"], [], configs), subscription(["static/**"], [], pages),
          subscription(["**"], ["static/**"], both),
        ],
        prepare: { root in
          try root.makeFolder("config")
          try root.makeFolder("static")
          try root.write("config/app.toml", "one")
          for recorder in [configs, pages, both] {
            recorder.begin(Scope(root: root.path, include: ["**"], exclude: [], demanded: []))
          }
        },
        body: { watcher, root in
          try root.write("config/app.toml", "two")
          try root.write("config/read.me", "new")
          _ = try await syncUntilNothingIsPending(watcher)
          #expect(NetChanges(configs.take()) == net([.modified("config/app.toml")]))
          #expect(pages.take().isEmpty)
          #expect(
            NetChanges(both.take())
              == net([.modified("config/app.toml"), .created("config/read.me")]))
          try root.write("static/page.html", "page")
          _ = try await syncUntilNothingIsPending(watcher)
          #expect(configs.take().isEmpty)
          #expect(NetChanges(pages.take()) == net([.created("static/page.html")]))
          #expect(both.take().isEmpty)
          let report = try await watcher.sync()
          #expect(report.lastSets == [configs.lastNumber, pages.lastNumber, both.lastNumber])
          if setting.backend == .automatic { #expect(report.lastSets == [1, 1, 1]) }
        })
    }

    // Reason: the files that a config may come from mostly do not exist, nor do their folders.
    @Test(
      "A demanded path that does not exist is waited for, through folders that come and go",
      arguments: Setting.all)
    func demandedMissing(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = []
      plan.exclude = ["**"]
      plan.demanded = ["config/app.toml", "config/sub/deep/app.toml", ".app.toml"]
      try await Script.run(setting, plan) { script in
        try await script.expect()
        try script.root.write(".app.toml", "one")
        try await script.expect(.created(".app.toml"))
        try script.root.makeFolder("config/sub")
        try script.root.write("config/other.toml", "not asked for")
        try await script.expect()
        try script.root.makeFolder("config/sub/deep")
        try script.root.write("config/sub/deep/app.toml", "one")
        try await script.expect(.created("config/sub/deep/app.toml"))
        try script.root.remove("config")
        try await script.expect(.deleted("config/sub/deep/app.toml"))
        try script.root.makeFolder("config")
        try script.root.replace("config/app.toml", "one", by: "config/.t")
        try await script.expect(.created("config/app.toml"))
      }
    }

    // Reason: `config/app.toml` without a wildcard is a name, not a search.
    @Test("A pattern without wildcards is a demanded path", arguments: Setting.all)
    func literalPattern(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["config/app.toml", "hotreload.toml"]
      plan.exclude = ["config"]
      try await Script.run(setting, plan) { script in
        try script.root.makeFolder("config")
        try script.root.write("config/app.toml", "one")
        try script.root.write("config/other.toml", "one")
        try script.root.write("hotreload.toml", "one")
        try await script.expect(.created("config/app.toml"), .created("hotreload.toml"))
      }
    }

    // Reason: a program asks for its next config when it needs it, long after the start.
    @Test("Paths can be demanded later, whether they exist or not", arguments: Setting.all)
    func demandLater(_ setting: Setting) async throws {
      let recorder = Recorder()
      let wanted: [FilePath] = ["config/app.toml", "config/sub/missing.toml"]
      try await watch(
        setting,
        [
          FileWatcher.Subscription(
            include: [], quietPeriod: .seconds(60), debounce: .milliseconds(5),
            maxWait: .seconds(120), observer: { recorder.receive($0) })
        ],
        prepare: { root in
          try root.makeFolder("config")
          try root.write("config/app.toml", "one")
          recorder.begin(Scope(root: root.path, include: [], exclude: [], demanded: wanted))
        },
        body: { watcher, root in
          try root.write("config/app.toml", "two")
          try await watcher.sync()
          #expect(recorder.take().isEmpty)
          await waitForClockTick()
          recorder.begin(Scope(root: root.path, include: [], exclude: [], demanded: wanted))
          try await watcher.demand(wanted)
          try await watcher.sync()
          #expect(recorder.take().isEmpty, "what exists by then is not reported")
          try root.write("config/app.toml", "three")
          try root.makeFolder("config/sub")
          try root.write("config/sub/missing.toml", "here")
          _ = try await syncUntilNothingIsPending(watcher)
          #expect(
            NetChanges(recorder.take())
              == net([.modified("config/app.toml"), .created("config/sub/missing.toml")]))
          #expect(recorder.problems() == [])
        })
    }

    // Reason: a path from a file or a flag must not lead the watcher anywhere else.
    @Test("Demanded paths that leave the root are refused", arguments: Setting.all)
    func outsideRoot(_ setting: Setting) async throws {
      try await watch(setting, [FileWatcher.Subscription()]) { watcher, _ in
        for path: FilePath in ["/etc/passwd", "../sibling", "a/../../b"] {
          await #expect(throws: FileWatcherError.outsideRoot(path)) {
            try await watcher.demand([path])
          }
        }
        try await watcher.sync()
      }
    }

    @Test("A malformed glob is refused at the start", arguments: Setting.all)
    func badPattern(_ setting: Setting) async throws {
      let error = await #expect(throws: FileWatcherError.self) {
        try await watch(setting, [FileWatcher.Subscription(include: ["config/[a"])]) { _, _ in }
      }
      guard case .badPattern(let fault) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(fault.pattern == "config/[a")
      #expect(fault.column == 8)
    }

    // Reason: a program that shuts down must not hang in a loop over changes.
    @Test(
      "Stopping ends the sequences, and later calls say that it is stopped",
      arguments: Setting.all)
    func stopping(_ setting: Setting) async throws {
      try await watch(setting, [FileWatcher.Subscription()]) { watcher, root in
        let sets = watcher.changeSets()
        async let count: Int = {
          var count = 0
          for await _ in sets { count += 1 }
          return count
        }()
        try root.write("file.txt", "one")
        _ = try await syncUntilNothingIsPending(watcher)
        await watcher.stop()
        await watcher.stop()
        #expect(await count == 1)
        await #expect(throws: FileWatcherError.stopped) { try await watcher.sync() }
        await #expect(throws: FileWatcherError.stopped) { try await watcher.status() }
        await #expect(throws: FileWatcherError.stopped) { try await watcher.demand(["x"]) }
        var iterator = watcher.changeSets().makeAsyncIterator()
        #expect(await iterator.next() == nil)
      }
    }

    // Reason: a consumer that is cancelled must not stay suspended until the next change.
    @Test("A cancelled consumer gets the end of its sequence", arguments: Setting.all)
    func cancelling(_ setting: Setting) async throws {
      try await watch(setting, [FileWatcher.Subscription()]) { watcher, root in
        let sets = watcher.changeSets()
        let consumer = Task {
          var count = 0
          for await _ in sets { count += 1 }
          return count
        }
        consumer.cancel()
        #expect(await consumer.value == 0)
        try root.write("file.txt", "one")
        try await watcher.sync()
      }
    }

    // Reason: people and tools look at these figures, and tests of limits count on them.
    @Test("The status counts what is watched", arguments: Setting.all)
    func status(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a/b")
        try root.write("a/b/one", "1")
        try root.write("a/two", "2")
      } body: { script in
        let status = try await script.watcher.status()
        #expect(status.backend == (setting.backend == .automatic ? "inotify" : "polling"))
        #expect(status.directories == 3)
        #expect(status.files == 2)
        #expect((status.watches > 0) == (setting.backend == .automatic))
        #expect(status.degraded.isEmpty)
      }
    }

    // Reason: whoever shows the state of the watching wants to know that the root was exchanged.
    @Test("A root that is replaced is signalled", arguments: Setting.all)
    func rootChanged(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("file.txt", "one")
      } body: { script in
        try script.outside.move("root", "old")
        try script.outside.makeFolder("root")
        try script.root.write("file.txt", "two")
        try await script.expectChanges([.modified("file.txt")])
        #expect(script.recorder.notices.contains(.rescanned(.rootChanged)))
      }
    }
  }
}
