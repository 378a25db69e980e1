import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// When sets go out, and how big they are.
  @Suite("Settling")
  struct Settling {
    // Reason: a consumer that is busy must cost bounded memory and must not see older after newer.
    @Test("A slow consumer gets one merged set, and its view is right", arguments: Setting.all)
    func slowConsumer(_ setting: Setting) async throws {
      let recorder = Recorder()
      try await watch(
        setting,
        [
          FileWatcher.Subscription(
            quietPeriod: .seconds(60), debounce: .milliseconds(2), maxWait: .seconds(120),
            observer: { recorder.receive($0) })
        ],
        prepare: { root in
          for name in ["a", "b", "c", "d", "e"] { try root.write("\(name)", "start") }
          recorder.begin(Scope(root: root.path, include: ["**"], exclude: [], demanded: []))
        },
        body: { watcher, root in
          let scope = Scope(root: root.path, include: ["**"], exclude: [], demanded: [])
          var view = ReplayedView(scope: scope)
          var iterator = watcher.changeSets().makeAsyncIterator()
          for round in 0..<20 {
            try root.write("a", "\(round)")
            try root.replace("new", "\(round)")
            _ = try await syncUntilNothingIsPending(watcher)
            try root.remove("new")
            try root.move("b", "b2")
            if round == 7 { try root.remove("c") }
            if round == 9 { try root.write("c", "again") }
            _ = try await syncUntilNothingIsPending(watcher)
            try root.move("b2", "b")
            if round == 11 { try root.move("d", "moved") }
            if round == 15 { try root.remove("e") }
            _ = try await syncUntilNothingIsPending(watcher)
          }
          let merged = try #require(await iterator.next())
          #expect(merged.number == recorder.lastNumber)
          #expect(merged.number > 20)
          view.apply(merged)
          #expect(view.violations == [])
          #expect(view.differences() == [])
          #expect(recorder.problems() == [])
          try root.write("a", "last")
          _ = try await syncUntilNothingIsPending(watcher)
          let next = try #require(await iterator.next())
          #expect(next.number == merged.number + 1)
          #expect(next.changes.contains(.modified("a")))
        })
    }

    // Reason: nobody calls `sync` in real life; one save is one set, without a timer of ours in the test. The file
    // is demanded, so that its content is known: a second event for one save finds nothing new.
    @Test("Each save comes as one set by itself", arguments: Setting.all, [0, 5])
    func settlesAlone(_ setting: Setting, _ quietMilliseconds: Int) async throws {
      try await watch(
        setting,
        [
          FileWatcher.Subscription(
            exclude: ["**/*.new"], demanded: ["app.toml"],
            quietPeriod: .milliseconds(quietMilliseconds), debounce: .milliseconds(5))
        ],
        prepare: { try $0.write("app.toml", "start") },
        body: { watcher, root in
          var iterator = watcher.changeSets().makeAsyncIterator()
          for round in 1...20 {
            try root.replace("app.toml", "\(round)")
            let set = try #require(await iterator.next())
            #expect(set.changes == [.modified("app.toml")])
            #expect(set.number == UInt64(round))
          }
        })
    }

    // Reason: a log file that never closes, or a huge upload, must not hold back a config for ever.
    @Test(
      "After the longest wait the closed files go, and the open one follows",
      arguments: Setting.events)
    func longestWait(_ setting: Setting) async throws {
      try await watch(
        setting,
        [
          FileWatcher.Subscription(
            quietPeriod: .milliseconds(1), debounce: .seconds(60), maxWait: .milliseconds(40))
        ],
        prepare: { root in
          try root.write("open.log", "one")
          try root.write("app.toml", "one")
        },
        body: { watcher, root in
          var iterator = watcher.changeSets().makeAsyncIterator()
          let file = try root.open("open.log", O_WRONLY | O_APPEND)
          try writeAll(file, "more")
          try root.write("app.toml", "two")
          let first = try #require(await iterator.next())
          #expect(first.changes == [.modified("app.toml")])
          close(file)
          let second = try #require(await iterator.next())
          #expect(second.changes == [.modified("open.log")])
        })
    }

    // Reason: a program that keeps its file open for good (SQLite, a log) still changes it.
    @Test("An open file is delivered after `debounce` of silence", arguments: Setting.all)
    func silentWriter(_ setting: Setting) async throws {
      try await watch(
        setting,
        [
          FileWatcher.Subscription(
            quietPeriod: .milliseconds(1), debounce: .milliseconds(20), maxWait: .seconds(60))
        ],
        prepare: { try $0.write("open.log", "one") },
        body: { watcher, root in
          var iterator = watcher.changeSets().makeAsyncIterator()
          let file = try root.open("open.log", O_WRONLY | O_APPEND)
          defer { close(file) }
          try writeAll(file, "more")
          #expect(try #require(await iterator.next()).changes == [.modified("open.log")])
          try writeAll(file, "again")
          #expect(try #require(await iterator.next()).changes == [.modified("open.log")])
        })
    }

    // Reason: the kernel tells the folder of the name that was used, and here that is elsewhere.
    @Test(
      "The slow comparison finds an edit of a demanded file through a name outside",
      arguments: Setting.all)
    func reconciles(_ setting: Setting) async throws {
      try await watch(
        setting,
        [FileWatcher.Subscription(demanded: ["app.toml"], quietPeriod: .milliseconds(1))],
        reconcileInterval: .milliseconds(10),
        prepare: { root in
          try root.write("app.toml", "one")
          try root.hardLink("../elsewhere.toml", to: "app.toml")
        },
        body: { watcher, root in
          var iterator = watcher.changeSets().makeAsyncIterator()
          try root.overwrite("../elsewhere.toml", "two")
          #expect(try #require(await iterator.next()).changes == [.modified("app.toml")])
        })
    }

    // Reason: a set must not grow without bound.
    @Test(
      "Too many changes become one of a subtree, and the view is right",
      arguments: Setting.all)
    func subtree(_ setting: Setting) async throws {
      var plan = Plan()
      plan.maxChanges = 20
      try await Script.run(setting, plan) { root in
        try root.makeFolder("a/deep")
        for number in 0..<30 { try root.write("a/deep/file\(number)", "one") }
      } body: { script in
        try script.root.move("a", "b")
        try script.outside.makeFolder("other/deep")
        for number in 0..<30 { try script.outside.write("other/deep/file\(number)", "other") }
        try moveAbsolute(script.outside.at("other"), script.root.at("c"))
        let sets = try await script.sync()
        #expect(sets.flatMap(\.changes).contains { $0.kind == .subtreeChanged })
        #expect(sets.allSatisfy { $0.changes.count <= 20 })
        try script.root.write("b/deep/file1", "two")
        try await script.expect(.modified("b/deep/file1"))
      }
    }
  }
}
