import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// The ways in which programs save a file.
  @Suite("Saving")
  struct Saving {
    // Reason: the recommended way to save; the temporary name must leave no trace, and the inode is another.
    @Test("An atomic save by rename is one modification", arguments: Setting.all)
    func atomicRename(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.replace("app.toml", "two")
        try await script.expect(.modified("app.toml"))
        try script.root.replace("app.toml", "three", by: ".app.toml.x1")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: the rename carries a name that the globs exclude; only its target was asked for.
    @Test("An atomic save through an excluded temporary name is seen", arguments: Setting.all)
    func atomicRenameOfExcludedName(_ setting: Setting) async throws {
      var plan = Plan()
      plan.exclude = defaultExcludes
      try await Script.run(setting, plan) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.replace("app.toml", "two", by: "app.toml.tmp")
        try await script.expect(.modified("app.toml"))
        try script.root.replace("new.toml", "new", by: ".new.toml.swp")
        try await script.expect(.created("new.toml"))
      }
    }

    // Reason: a reader that looks between truncation and the last write gets half a file.
    @Test(
      "A file that a writer holds open is delivered once, after it is closed",
      arguments: Setting.events)
    func truncateAndWriteWithAPause(_ setting: Setting) async throws {
      var plan = Plan()
      plan.debounce = .seconds(120)
      try await Script.run(setting, plan) { root in
        try root.write("app.toml", "one = 1\ntwo = 2\n")
      } body: { script in
        let file = try script.root.open("app.toml", O_WRONLY | O_TRUNC)
        try writeAll(file, "one = ")
        #expect(try await script.sync(pending: ["app.toml"]).isEmpty)
        #expect(try await script.sync(pending: ["app.toml"]).isEmpty)
        try writeAll(file, "10\ntwo = 20\n")
        #expect(try await script.sync(pending: ["app.toml"]).isEmpty)
        close(file)
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: others that are closed must not wait for the one that is open.
    @Test("An open file does not hold back the closed ones at a sync", arguments: Setting.events)
    func openAndClosed(_ setting: Setting) async throws {
      var plan = Plan()
      plan.debounce = .seconds(120)
      try await Script.run(setting, plan) { root in
        try root.write("slow.toml", "one")
        try root.write("quick.toml", "one")
      } body: { script in
        let file = try script.root.open("slow.toml", O_WRONLY | O_TRUNC)
        try writeAll(file, "t")
        try script.root.write("quick.toml", "two")
        let sets = try await script.sync(pending: ["slow.toml"])
        #expect(sets.flatMap(\.changes) == [.modified("quick.toml")])
        try writeAll(file, "wo")
        close(file)
        try await script.expect(.modified("slow.toml"))
      }
    }

    // Reason: polling sees no writers; it must still come to the whole content.
    @Test("A truncated file that is completed later ends in the right view", arguments: Setting.all)
    func truncateThenComplete(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one = 1\n")
      } body: { script in
        let file = try script.root.open("app.toml", O_WRONLY | O_TRUNC)
        try writeAll(file, "one = ")
        try await script.watcher.sync()
        try writeAll(file, "10\n")
        close(file)
        try await script.sync()
        #expect(try script.root.read("app.toml") == "one = 10\n")
      }
    }

    // Reason: shells and many programs truncate and write in place; there is no rename to wait for.
    @Test("An in-place save is one modification", arguments: Setting.all)
    func inPlace(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.write("app.toml", "another")
        try await script.expect(.modified("app.toml"))
        try script.root.append("app.toml", " and more")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: vim moves the file aside, writes a new one and removes the old; for a moment it is not there.
    @Test("A save that moves the old file aside is one modification", arguments: Setting.all)
    func backupRename(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.move("app.toml", "app.toml~")
        try script.root.write("app.toml", "two")
        try script.root.remove("app.toml~")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: with `backup` set, the same, but the old file stays: its rename is not the file's rename.
    @Test("A backup that stays is a new file", arguments: Setting.all)
    func backupThatStays(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.move("app.toml", "app.toml~")
        try script.root.write("app.toml", "two")
        try await script.expect(.modified("app.toml"), .created("app.toml~"))
      }
    }

    // Reason: vim tries whether it may write in a folder with a file named 4913.
    @Test("A probe file that is gone again is not reported", arguments: Setting.all)
    func probeFile(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        let probe = try script.root.open("4913", O_WRONLY | O_CREAT | O_EXCL)
        close(probe)
        try script.root.remove("4913")
        try await script.expect()
      }
    }

    // Reason: the real program, with its swap file, its probe and its way to save.
    @Test("Vim's save is one modification", arguments: Setting.all)
    func vim(_ setting: Setting) async throws {
      guard let editor = ["vim", "vim.tiny", "vi"].first(where: { ChildProcess.find($0) != nil })
      else { throw ChildFailure(description: "vim is not installed; scripts/test installs it") }
      try await Script.run(setting) { root in
        try root.write("app.toml", "port = 1\n")
      } body: { script in
        try runProgram(
          editor, "-N", "-e", "-s", "-i", "NONE", "-c", "%s/1/2/", "-c", "wq", "app.toml",
          in: script.root.path)
        #expect(try script.root.read("app.toml") == "port = 2\n")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: it writes sedXXXXXX beside the file, copies the mode and renames it.
    @Test("sed -i is one modification", arguments: Setting.all)
    func sed(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "port = 1\n")
      } body: { script in
        try runProgram("sed", "-i", "s/1/2/", "app.toml", in: script.root.path)
        #expect(try script.root.read("app.toml") == "port = 2\n")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: it writes .name.XXXXXX, sets the old modification time and renames; and it deletes late.
    @Test("rsync reports what differs, and nothing of its temporary files", arguments: Setting.all)
    func rsync(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("config/sub")
        try root.write("config/app.toml", "one")
        try root.write("config/same.toml", "same")
        try root.write("config/sub/old.toml", "old")
      } body: { script in
        try runProgram(
          "rsync", "-a", "\(script.root.path)/", "source/", in: script.outside.path)
        let source = script.outside.folder("source")
        try await script.expect()
        try source.write("config/app.toml", "another")
        try source.makeFolder("config/more/deep")
        try source.write("config/more/deep/new.toml", "new")
        try source.remove("config/sub")
        try runProgram(
          "rsync", "-a", "--delete", "source/", "\(script.root.path)/", in: script.outside.path)
        try await script.expect(
          .modified("config/app.toml"), .created("config/more/deep/new.toml"),
          .deleted("config/sub/old.toml"))
        try source.write("config/app.toml", "in place")
        try runProgram(
          "rsync", "-a", "--inplace", "source/", "\(script.root.path)/", in: script.outside.path)
        try await script.expect(.modified("config/app.toml"))
      }
    }

    // Reason: unlinks, creates, and removes folders that became empty, in one go; `.git` is full of writes.
    @Test("A checkout of another branch reports the files that differ", arguments: Setting.all)
    func gitCheckout(_ setting: Setting) async throws {
      func git(_ arguments: String..., in root: Folder) throws {
        try runProgram("sh", "-c", "git \(arguments.joined(separator: " "))", in: root.path)
      }
      guard ChildProcess.find("git") != nil else {
        throw ChildFailure(description: "git is not installed; scripts/test installs it")
      }
      var plan = Plan()
      plan.exclude = defaultExcludes
      try await Script.run(setting, plan) { root in
        try git("init -q -b main .", in: root)
        try root.makeFolder("config/only-main")
        try root.write("config/app.toml", "main")
        try root.write("config/same.toml", "same")
        try root.write("config/only-main/a.toml", "a")
        try git("add -A && git commit -q -m main", in: root)
        try git("checkout -q -b other", in: root)
        try root.write("config/app.toml", "other")
        try root.remove("config/only-main")
        try root.makeFolder("templates/deep")
        try root.write("templates/deep/page.html", "page")
        try git("add -A && git commit -q -m other", in: root)
        try git("checkout -q main", in: root)
      } body: { script in
        try git("checkout -q other", in: script.root)
        try await script.expect(
          .modified("config/app.toml"), .deleted("config/only-main/a.toml"),
          .created("templates/deep/page.html"))
        try git("checkout -q main", in: script.root)
        try await script.expect(
          .modified("config/app.toml"), .created("config/only-main/a.toml"),
          .deleted("templates/deep/page.html"))
      }
    }

    // Reason: within one tick of the file system's clock size and times are equal, so an equal stamp proves
    // nothing. A consumer that keeps the first content is wrong for ever.
    @Test("Edits of equal size within a tick end in the right content", arguments: Setting.all)
    func sameTick(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "00000")
      } body: { script in
        for round in 1...60 {
          try script.root.overwrite("app.toml", "\(10_000 + round * 7)")
          if round % 3 != 0 { try await script.sync() }
          try script.root.overwrite("app.toml", "\(20_000 + round * 7)")
          try await script.sync()
        }
      }
    }

    // Reason: a program may put the old time stamp back; the time of the change still differs.
    @Test("An edit that restores size and modification time is seen", arguments: Setting.all)
    func restoredTime(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        let before = try #require(followedStatus(script.root.at("app.toml")))
        try script.root.overwrite("app.toml", "two")
        try script.root.call("utimensat", "app.toml") { path in
          utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0)
        }
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: an empty file is usually half of a save.
    @Test("A file that became empty is delivered in the end", arguments: Setting.all)
    func emptied(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.write("app.toml", "")
        try await script.expect(.modified("app.toml"))
        try script.root.write("app.toml", "two")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: `touch` is how people and build tools say "again"; it may be a modification but nothing else.
    @Test("A touch is at most one modification", arguments: Setting.all)
    func touch(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("app.toml", "one")
      } body: { script in
        try script.root.touch("app.toml")
        let sets = try await script.sync()
        #expect(script.recorder.lastNumber <= (setting.backend == .automatic ? 1 : 4))
        #expect(Set(sets.flatMap(\.changes)).isSubset(of: [.modified("app.toml")]))
      }
    }

    // Reason: deployments set modes on everything; a reader still gets the same bytes.
    @Test("A mode that changes nothing for the reader is not reported", arguments: Setting.all)
    func chmod(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("config")
        try root.write("config/app.toml", "one")
      } body: { script in
        try script.root.setMode("config/app.toml", 0o600)
        try await script.expect()
        try script.root.setMode("config/app.toml", 0o755)
        try script.root.setMode("config", 0o700)
        try await script.expect()
      }
    }

    // Reason: editors and `ln` make several names of one file; each is a path that was asked for.
    @Test("A file with several names is reported by each of them", arguments: Setting.all)
    func hardLinks(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("other")
        try root.write("app.toml", "one")
        try root.hardLink("other/same.toml", to: "app.toml")
      } body: { script in
        try script.root.overwrite("app.toml", "two")
        try await script.expectChanges([.modified("app.toml"), .modified("other/same.toml")])
        try script.root.hardLink("third.toml", to: "app.toml")
        try await script.expect(.created("third.toml"))
        try script.root.remove("app.toml")
        try await script.expect(.deleted("app.toml"))
        try script.root.replace("other/same.toml", "mine")
        try await script.expect(.modified("other/same.toml"))
        #expect(try script.root.read("third.toml") == "two")
      }
    }
  }
}
