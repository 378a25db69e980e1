import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// Symbolic links: releases, mounted volumes, cycles, one file by two ways.
  @Suite("Links")
  struct Links {
    /// A volume as the kubelet's AtomicWriter makes it: real files in a dated folder, `..data` leads to it, and
    /// the names that users see lead through `..data`.
    private func makeVolume(_ folder: Folder, version: Int) throws {
      try folder.makeFolder("..2026_\(version)")
      try folder.write("..2026_\(version)/app.json", "{\"version\":\(version)}")
      try folder.write("..2026_\(version)/db.json", "{\"db\":\(version)}")
      try folder.symlink("..data", to: "..2026_\(version)")
      try folder.symlink("app.json", to: "..data/app.json")
      try folder.symlink("db.json", to: "..data/db.json")
    }

    private func swapVolume(_ folder: Folder, from old: Int, to new: Int) throws {
      try folder.makeFolder("..2026_\(new)")
      try folder.write("..2026_\(new)/app.json", "{\"version\":\(new)}")
      try folder.write("..2026_\(new)/db.json", "{\"db\":\(new)}")
      try folder.symlink("..data_tmp", to: "..2026_\(new)")
      try folder.move("..data_tmp", "..data")
      try folder.remove("..2026_\(old)")
    }

    // Reason: the only thing that changes is a hidden link that the default excludes hide; the files that
    // users named never change themselves.
    @Test("A ConfigMap's swap is one set that names the demanded files", arguments: Setting.all)
    func configMapDemanded(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["config/**/*.json"]
      plan.exclude = defaultExcludes
      plan.demanded = ["config/app.json", "config/db.json"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("config")
        try makeVolume(root.folder("config"), version: 1)
      } body: { script in
        for version in 2...6 {
          try swapVolume(script.root.folder("config"), from: version - 1, to: version)
          try await script.expect(.modified("config/app.json"), .modified("config/db.json"))
        }
      }
    }

    // Reason: the same for files that only a glob asks for, next to demanded ones that are not there.
    @Test("A ConfigMap's swap is seen for files that only a glob asks for", arguments: Setting.all)
    func configMapGlob(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["config/**/*.json"]
      plan.exclude = defaultExcludes
      try await Script.run(setting, plan) { root in
        try root.makeFolder("config")
        try makeVolume(root.folder("config"), version: 1)
      } body: { script in
        for version in 2...4 {
          try swapVolume(script.root.folder("config"), from: version - 1, to: version)
          try await script.expect(.modified("config/app.json"), .modified("config/db.json"))
        }
      }
    }

    // Reason: the volume is mounted after the program started; link, target and folder come in any order.
    @Test("A ConfigMap that appears later is created", arguments: Setting.all)
    func configMapAppears(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["config/**/*.json"]
      plan.exclude = defaultExcludes
      plan.demanded = ["config/app.json"]
      try await Script.run(setting, plan) { script in
        try script.root.makeFolder("config")
        try script.root.symlink("config/app.json", to: "..data/app.json")
        try await script.expect()
        try script.root.symlink("config/..data", to: "..2026_1")
        try await script.expect()
        try script.root.makeFolder("config/..2026_1")
        try script.root.write("config/..2026_1/app.json", "1")
        try await script.expect(.created("config/app.json"))
        try swapVolume(script.root.folder("config"), from: 1, to: 2)
        try await script.expect(.modified("config/app.json"))
        try script.root.remove("config/..data")
        try await script.expect(.deleted("config/app.json"))
      }
    }

    // Reason: a deployment retargets `current`; the user named `current/…` and hears of that.
    @Test("A retargeted release link is one set under the link's name", arguments: Setting.all)
    func releases(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["current/**"]
      plan.demanded = ["current/app.toml", "current/missing.toml"]
      try await Script.run(setting, plan) { root in
        for release in 1...3 {
          try root.makeFolder("releases/\(release)/templates")
          try root.write("releases/\(release)/app.toml", "release = \(release)")
          try root.write("releases/\(release)/templates/page.html", "page \(release)")
        }
        try root.write("releases/2/only-two.txt", "2")
        try root.symlink("current", to: "releases/1")
      } body: { script in
        try script.root.retarget("current", to: "releases/2")
        try await script.expect(
          .modified("current/app.toml"), .modified("current/templates/page.html"),
          .created("current/only-two.txt"))
        // As `ln -sfn` does it: unlink, then symlink.
        try script.root.remove("current")
        try script.root.symlink("current", to: "releases/3")
        try await script.expect(
          .modified("current/app.toml"), .modified("current/templates/page.html"),
          .deleted("current/only-two.txt"))
        try script.root.write("releases/1/app.toml", "silent")
        try script.root.write("releases/3/app.toml", "release = 3b")
        try await script.expect(.modified("current/app.toml"))
        try script.root.write("releases/3/missing.toml", "there now")
        try await script.expect(.created("current/missing.toml"))
      }
    }

    // Reason: the root that a program was given is often a link itself.
    @Test("A root that is a link is followed to its new target", arguments: Setting.all)
    func rootIsALink(_ setting: Setting) async throws {
      var plan = Plan()
      plan.root = "app/current"
      plan.createsRoot = false
      try await Script.run(setting, plan) { root in
        let app = Folder(root.path.removingLastComponent())
        try Folder(app.path.removingLastComponent()).makeFolder("app/releases/1")
        try app.makeFolder("releases/2")
        try app.write("releases/1/app.toml", "1")
        try app.write("releases/2/app.toml", "2")
        try app.symlink("current", to: "releases/1")
      } body: { script in
        try script.outside.retarget("app/current", to: "releases/2")
        try await script.expectChanges([.modified("app.toml")])
        try script.outside.write("app/releases/1/app.toml", "silent")
        #expect(try await script.sync().isEmpty)
        try script.root.write("app.toml", "3")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: dotfiles and configs are linked from elsewhere; the target's folder is not below the root.
    @Test("A link to a file outside the root follows that file", arguments: Setting.all)
    func linkToOutside(_ setting: Setting) async throws {
      var plan = Plan()
      plan.demanded = ["app.toml"]
      try await Script.run(setting, plan) { root in
        let outside = Folder(root.path.removingLastComponent())
        try outside.makeFolder("shared/deep")
        try outside.write("shared/deep/real.toml", "one")
        try outside.write("shared/other.toml", "other")
        try outside.symlink("shared/between.toml", to: "deep/real.toml")
        try root.symlink("app.toml", to: "../shared/between.toml")
      } body: { script in
        try script.outside.write("shared/deep/real.toml", "two")
        try await script.expect(.modified("app.toml"))
        try script.outside.replace("shared/deep/real.toml", "three")
        try await script.expect(.modified("app.toml"))
        try script.outside.retarget("shared/between.toml", to: "other.toml")
        try await script.expect(.modified("app.toml"))
        try script.outside.remove("shared/other.toml")
        try await script.expect(.deleted("app.toml"))
        try script.outside.write("shared/other.toml", "back")
        try await script.expect(.created("app.toml"))
        try script.root.replace("app.toml", "a file of its own")
        try await script.expect(.modified("app.toml"))
      }
    }

    // Reason: a link that leads nowhere is no file; it becomes one when the target comes.
    @Test("A dangling link becomes a file when its target comes", arguments: Setting.all)
    func danglingLink(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("real")
        try root.symlink("app.toml", to: "real/app.toml")
      } body: { script in
        try script.root.write("real/app.toml", "one")
        try await script.expect(.created("app.toml"), .created("real/app.toml"))
        try script.root.write("real/app.toml", "two")
        try await script.expect(.modified("app.toml"), .modified("real/app.toml"))
        try script.root.remove("real/app.toml")
        try await script.expect(.deleted("app.toml"), .deleted("real/app.toml"))
      }
    }

    // Reason: a link into itself or upward makes an endless tree; nothing may hang or be reported twice.
    @Test("Cycles of links end", arguments: Setting.all)
    func cycles(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["**", "up/**"]
      plan.demanded = ["self", "ping", "up/up/up/deep.txt"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("a/b")
        try root.symlink("self", to: "self")
        try root.symlink("ping", to: "pong")
        try root.symlink("pong", to: "ping")
        try root.symlink("up", to: ".")
        try root.symlink("a/b/top", to: "../..")
        try root.write("a/b/file.txt", "one")
      } body: { script in
        try script.root.write("a/b/file.txt", "two")
        try await script.sync()
        try script.root.write("deep.txt", "deep")
        try await script.sync()
        try script.root.remove("self")
        try script.root.write("self", "a file")
        try await script.sync()
        try script.root.remove("up")
        try await script.sync()
      }
    }

    // Reason: links to folders are not entered unless somebody names them: one file would have many names.
    @Test("A link to a folder is not entered by a wildcard", arguments: Setting.all)
    func folderLink(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.makeFolder("real")
        try root.write("real/file.txt", "one")
        try root.symlink("link", to: "real")
      } body: { script in
        try script.root.write("real/file.txt", "two")
        try await script.expect(.modified("real/file.txt"))
        try script.root.symlink("late", to: "real")
        try await script.expect()
        try script.root.remove("late")
        try script.root.write("late", "a file")
        try await script.expect(.created("late"))
      }
    }

    // Reason: a release link becomes a real folder or a file; what was known below it was another place's.
    @Test("A followed link that becomes a file or a folder is left behind", arguments: Setting.all)
    func followedLinkIsReplaced(_ setting: Setting) async throws {
      var plan = Plan()
      plan.demanded = ["current/app.toml"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("real/deep")
        try root.write("real/app.toml", "one")
        try root.write("real/deep/file.txt", "one")
        try root.symlink("current", to: "real")
      } body: { script in
        try script.root.write("file", "a file")
        try script.root.move("file", "current")
        try await script.expectChanges([
          .created("current"), .deleted("current/app.toml"),
          .deleted("current/deep/file.txt"),
        ])
        try script.root.retarget("current", to: "real")
        try await script.expectChanges([
          .deleted("current"), .created("current/app.toml"),
          .created("current/deep/file.txt"),
        ])
        try script.root.remove("current")
        try script.root.makeFolder("current")
        try script.root.write("current/app.toml", "its own")
        try await script.expectChanges([
          .modified("current/app.toml"), .deleted("current/deep/file.txt"),
        ])
        try script.root.write("real/app.toml", "two")
        try await script.expect(.modified("real/app.toml"))
      }
    }

    // Reason: the kernel gives the same watch for the same inode, and the second mask replaces the first.
    @Test("A folder that is reached by two ways reports both", arguments: Setting.all)
    func twoPaths(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = ["a/**", "b/**"]
      try await Script.run(setting, plan) { root in
        try root.makeFolder("b/deep")
        try root.write("b/file.txt", "one")
        try root.write("b/deep/file.txt", "one")
        try root.symlink("a", to: "b")
      } body: { script in
        try script.root.write("b/file.txt", "two")
        try await script.expect(.modified("a/file.txt"), .modified("b/file.txt"))
        try script.root.replace("a/deep/file.txt", "two")
        try await script.expect(.modified("a/deep/file.txt"), .modified("b/deep/file.txt"))
        try script.root.makeFolder("b/new")
        try script.root.write("a/new/file.txt", "new")
        try await script.expect(.created("a/new/file.txt"), .created("b/new/file.txt"))
        try script.root.remove("a")
        try await script.expect(
          .deleted("a/file.txt"), .deleted("a/deep/file.txt"), .deleted("a/new/file.txt"))
        try script.root.write("b/file.txt", "three")
        try script.root.write("b/deep/file.txt", "three")
        try await script.expect(.modified("b/file.txt"), .modified("b/deep/file.txt"))
      }
    }
  }
}
