import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// Folders that come, go and move.
  @Suite("Trees")
  struct Trees {
    // Reason: the file is there before the new folder can be watched.
    @Test("A file in a folder that was made a moment ago is created", arguments: Setting.all)
    func makeFolderAndWrite(_ setting: Setting) async throws {
      try await Script.run(setting) { script in
        try script.root.makeFolder("a/b/c/d")
        try script.root.write("a/b/c/d/file.txt", "one")
        try await script.expect(.created("a/b/c/d/file.txt"))
        try script.root.write("a/b/c/d/file.txt", "two")
        try await script.expect(.modified("a/b/c/d/file.txt"))
        for number in 0..<20 {
          try script.root.makeFolder("n\(number)/x")
          try script.root.write("n\(number)/x/file.txt", "\(number)")
        }
        #expect(try await script.sync().flatMap(\.changes).count == 20)
      }
    }

    // Reason: no event comes for the files; and the watch must answer with the new name afterwards.
    @Test(
      "A renamed folder reports each file, and goes on under its new name",
      arguments: Setting.all)
    func renameFolder(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("old/deep")
        try root.write("old/a.txt", "a")
        try root.write("old/deep/b.txt", "b")
      } body: { script in
        try script.root.move("old", "new")
        try await script.expect(
          .renamed("old/a.txt", "new/a.txt"), .renamed("old/deep/b.txt", "new/deep/b.txt"))
        try script.root.write("new/deep/b.txt", "again")
        try await script.expect(.modified("new/deep/b.txt"))
        try script.root.makeFolder("old/deep")
        try script.root.write("old/deep/b.txt", "another")
        try await script.expect(.created("old/deep/b.txt"))
      }
    }

    // Reason: a rename onto an existing name replaces; the target existed all the time.
    @Test("A file renamed over another is a modification and a deletion", arguments: Setting.all)
    func renameOver(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("a.txt", "a")
        try root.write("b.txt", "bb")
      } body: { script in
        try script.root.move("a.txt", "b.txt")
        try await script.expect(.deleted("a.txt"), .modified("b.txt"))
      }
    }

    // Reason: the plain case of a cookie pair, in one folder and across two.
    @Test("A renamed file is reported with where it was", arguments: Setting.all)
    func renameFile(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("x")
        try root.makeFolder("y")
        try root.write("x/a.txt", "a")
      } body: { script in
        try script.root.move("x/a.txt", "x/b.txt")
        try await script.expect(.renamed("x/a.txt", "x/b.txt"))
        try script.root.move("x/b.txt", "y/b.txt")
        try await script.expect(.renamed("x/b.txt", "y/b.txt"))
        try script.root.move("y/b.txt", "y/c.txt")
        try script.root.move("y/c.txt", "x/d.txt")
        try await script.sync()
        #expect(try script.root.read("x/d.txt") == "a")
      }
    }

    // Reason: two files change places; each path still leads to a file, with other content.
    @Test("Two files that change places are two modifications", arguments: Setting.all)
    func exchange(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("a.txt", "a")
        try root.write("b.txt", "b")
      } body: { script in
        try script.root.move("a.txt", "c.txt")
        try script.root.move("b.txt", "a.txt")
        try script.root.move("c.txt", "b.txt")
        try await script.expect(.modified("a.txt"), .modified("b.txt"))
      }
    }

    // Reason: the watch of a folder that was moved out goes on reporting its old place.
    @Test(
      "A folder that was moved out is deleted, and later edits there are silent",
      arguments: Setting.all)
    func moveOut(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
        try root.write("single.txt", "one")
      } body: { script in
        try moveAbsolute(script.root.at("a"), script.outside.at("moved"))
        try moveAbsolute(script.root.at("single.txt"), script.outside.at("single.txt"))
        try await script.expect(.deleted("a/deep/file.txt"), .deleted("single.txt"))
        try script.outside.write("moved/deep/file.txt", "two")
        try script.outside.write("moved/deep/more.txt", "more")
        try script.outside.write("single.txt", "two")
        try await script.expect()
      }
    }

    // Reason: the content of a folder that is moved in has no events of its own.
    @Test("A folder that is moved in is crawled", arguments: Setting.all)
    func moveIn(_ setting: Setting) async throws {
      try await Script.run(setting) { script in
        try script.outside.makeFolder("other/deep")
        try script.outside.write("other/deep/file.txt", "one")
        try script.outside.write("single.txt", "one")
        try moveAbsolute(script.outside.at("other"), script.root.at("a"))
        try moveAbsolute(script.outside.at("single.txt"), script.root.at("single.txt"))
        try await script.expect(.created("a/deep/file.txt"), .created("single.txt"))
        try script.root.write("a/deep/file.txt", "two")
        try await script.expect(.modified("a/deep/file.txt"))
      }
    }

    // Reason: out and in again under another name: the old watches answer for the new place.
    @Test(
      "A folder that went out and came back under another name is known by that",
      arguments: Setting.all)
    func outAndIn(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
      } body: { script in
        try moveAbsolute(script.root.at("a"), script.outside.at("a"))
        try await script.expect(.deleted("a/deep/file.txt"))
        try script.outside.write("a/deep/file.txt", "two")
        try moveAbsolute(script.outside.at("a"), script.root.at("b"))
        try await script.expect(.created("b/deep/file.txt"))
        try script.root.write("b/deep/file.txt", "three")
        try await script.expect(.modified("b/deep/file.txt"))
      }
    }

    // Reason: what is excluded does not exist for the consumer; crossing that line is creation or deletion.
    @Test(
      "Moves into and out of an excluded folder are deletions and creations",
      arguments: Setting.all)
    func excludedFolder(_ setting: Setting) async throws {
      var plan = Plan()
      plan.exclude = ["**/ignored"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("ignored")
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
        try root.write("b.txt", "b")
      } body: { script in
        try script.root.move("a", "ignored/a")
        try script.root.move("b.txt", "ignored/b.txt")
        try await script.expect(.deleted("a/deep/file.txt"), .deleted("b.txt"))
        try script.root.write("ignored/a/deep/file.txt", "two")
        try await script.expect()
        try script.root.move("ignored/a", "c")
        try script.root.move("ignored/b.txt", "c.txt")
        try await script.expect(.created("c/deep/file.txt"), .created("c.txt"))
        try script.root.write("c/deep/file.txt", "three")
        try await script.expect(.modified("c/deep/file.txt"))
      }
    }

    // Reason: the folder itself gets, or loses, the excluded name.
    @Test(
      "A folder that is renamed to an excluded name disappears, and back it appears",
      arguments: Setting.all)
    func renameToExcluded(_ setting: Setting) async throws {
      var plan = Plan()
      plan.exclude = ["**/ignored"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
      } body: { script in
        try script.root.move("a", "ignored")
        try await script.expect(.deleted("a/deep/file.txt"))
        try script.root.write("ignored/deep/file.txt", "two")
        try await script.expect()
        try script.root.move("ignored", "a")
        try await script.expect(.created("a/deep/file.txt"))
        try script.root.write("a/deep/file.txt", "three")
        try await script.expect(.modified("a/deep/file.txt"))
      }
    }

    // Reason: excluded folders are where the many files are; they must not cost watches.
    @Test("Excluded folders are not entered, also when they come later", arguments: Setting.all)
    func pruning(_ setting: Setting) async throws {
      var plan = Plan()
      plan.exclude = ["**/node_modules"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("src")
        for number in 0..<10 { try root.makeFolder("node_modules/p\(number)/deep") }
      } body: { script in
        let before = try await script.watcher.status()
        for number in 0..<10 { try script.root.makeFolder("src/node_modules/p\(number)/deep") }
        try script.root.write("src/node_modules/p1/file.js", "x")
        try await script.expect()
        let after = try await script.watcher.status()
        #expect(before.directories == after.directories)
        #expect(before.watches == after.watches)
        #expect(after.directories <= 3)
      }
    }

    // Reason: the watch dies with the folder; the inode number is often given to the next one.
    @Test(
      "Files, folders and the root go on after they were deleted and made again",
      arguments: Setting.all)
    func deleteAndRecreate(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
      } body: { script in
        try script.root.remove("a/deep/file.txt")
        try await script.expect(.deleted("a/deep/file.txt"))
        try script.root.write("a/deep/file.txt", "two")
        try await script.expect(.created("a/deep/file.txt"))

        try script.root.remove("a")
        try await script.expect(.deleted("a/deep/file.txt"))
        try script.root.makeFolder("a/deep")
        try script.root.write("a/deep/file.txt", "three")
        try await script.expect(.created("a/deep/file.txt"))

        try script.outside.remove("root")
        try await script.expectChanges([.deleted("a/deep/file.txt")])
        try script.outside.makeFolder("root/a/deep")
        try script.root.write("a/deep/file.txt", "four")
        try await script.expectChanges([.created("a/deep/file.txt")])
        try script.root.write("a/deep/file.txt", "five")
        try await script.expect(.modified("a/deep/file.txt"))
      }
    }

    // Reason: between two looks both happened; only the content tells.
    @Test(
      "What is deleted and made again between two looks is a modification",
      arguments: Setting.all)
    func recreatedAtOnce(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a/deep")
        try root.write("a/deep/file.txt", "one")
      } body: { script in
        try script.root.remove("a/deep/file.txt")
        try script.root.write("a/deep/file.txt", "two")
        try await script.expect(.modified("a/deep/file.txt"))
        try script.root.remove("a")
        try script.root.makeFolder("a/deep")
        try script.root.write("a/deep/file.txt", "three")
        try await script.expect(.modified("a/deep/file.txt"))
        try script.outside.remove("root")
        try script.outside.makeFolder("root/a/deep")
        try script.root.write("a/deep/file.txt", "four")
        try await script.expectChanges([.modified("a/deep/file.txt")])
        try script.root.write("a/deep/file.txt", "five")
        try await script.expect(.modified("a/deep/file.txt"))
      }
    }

    // Reason: renaming an ancestor gives the root's watch no event, and the old watches go on reporting.
    @Test("The root's own parent is renamed, and back", arguments: Setting.all)
    func renameParentOfRoot(_ setting: Setting) async throws {
      var plan = Plan()
      plan.root = "upper/parent/root"
      try await Script.run(setting, plan) { root in
        try root.makeFolder("a")
        try root.write("a/file.txt", "one")
        try root.write("b.txt", "b")
      } body: { script in
        try script.outside.move("upper/parent", "upper/away")
        try await script.expectChanges([.deleted("a/file.txt"), .deleted("b.txt")])
        try script.outside.write("upper/away/root/a/file.txt", "two")
        #expect(try await script.sync().isEmpty)
        try script.outside.move("upper/away", "upper/parent")
        try await script.expectChanges([.created("a/file.txt"), .created("b.txt")])
        try script.root.write("a/file.txt", "three")
        try await script.expect(.modified("a/file.txt"))

        try script.outside.move("upper", "lower")
        try await script.expectChanges([.deleted("a/file.txt"), .deleted("b.txt")])
        try script.outside.move("lower", "upper")
        try await script.expectChanges([.created("a/file.txt"), .created("b.txt")])
        try script.root.write("b.txt", "bb")
        try await script.expect(.modified("b.txt"))
      }
    }

    // Reason: a deployment swaps the folder above the root; the new one has another content.
    @Test("The root's parent is replaced by another folder", arguments: Setting.all)
    func replaceParentOfRoot(_ setting: Setting) async throws {
      var plan = Plan()
      plan.root = "parent/root"
      try await Script.run(setting, plan) { root in
        try root.write("same.txt", "same")
        try root.write("gone.txt", "gone")
      } body: { script in
        try script.outside.makeFolder("next/root")
        try script.outside.write("next/root/same.txt", "different")
        try script.outside.write("next/root/new.txt", "new")
        try script.outside.move("parent", "previous")
        try script.outside.move("next", "parent")
        try await script.expectChanges([
          .modified("same.txt"), .deleted("gone.txt"), .created("new.txt"),
        ])
        try script.outside.write("previous/root/gone.txt", "silent")
        try script.root.write("new.txt", "newer")
        try await script.expect(.modified("new.txt"))
      }
    }

    // Reason: services start before their volume is mounted or their folder is unpacked.
    @Test("A root that does not exist yet is waited for", arguments: Setting.all)
    func missingRoot(_ setting: Setting) async throws {
      var plan = Plan()
      plan.root = "not/yet/there"
      plan.createsRoot = false
      try await Script.run(setting, plan) { script in
        try await script.expect()
        try script.outside.makeFolder("not")
        try await script.expect()
        try script.outside.makeFolder("not/yet/there/deep")
        try script.root.write("deep/file.txt", "one")
        try await script.expectChanges([.created("deep/file.txt")])
        try script.root.write("deep/file.txt", "two")
        try await script.expect(.modified("deep/file.txt"))
      }
    }

    // Reason: a file where a folder was, and the other way round, under one name.
    @Test("A folder that becomes a file, and a file that becomes a folder", arguments: Setting.all)
    func kindChanges(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("a")
        try root.write("a/file.txt", "one")
        try root.write("b", "b")
      } body: { script in
        try script.root.remove("a")
        try script.root.write("a", "now a file")
        try script.root.remove("b")
        try script.root.makeFolder("b")
        try script.root.write("b/file.txt", "two")
        try await script.expect(
          .deleted("a/file.txt"), .created("a"), .deleted("b"), .created("b/file.txt"))
      }
    }
  }
}
