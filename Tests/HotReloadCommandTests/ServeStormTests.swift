import Foundation
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

/// What happens to a server on which somebody works, on a site as `hotreload init` makes it.
@Suite("hotreload serve in a storm", .timeLimit(.minutes(5)))
struct ServeStormTests {
  private let workspace: TemporaryWorkspace
  private let page: FilePath = "templates/pages/index.mustache"
  private let config: FilePath = "config/site.toml"
  private let style: FilePath = "static/tokens.css"

  init() async throws {
    workspace = try TemporaryWorkspace()
    try #require(try await CommandProcess.run(["init", workspace.root.string]).code == 0)
  }

  /// Long enough that what one command writes is one set, however busy the machine is.
  private func serve() async throws -> ServingProcess {
    try await ServingProcess(workspace.root, ["--quiet-period", "300ms"])
  }

  /// The page with another heading.
  private func text(_ heading: String) throws -> String {
    try workspace.text(page).replacing(/<h1>[^\n]*/, with: "<h1>\(heading)</h1>")
  }

  /// Runs an outside program to its end.
  private func run(_ command: String...) async throws {
    let process = try CommandProcess(command: ["/usr/bin/env"] + command)
    let errors = try await process.errors.rest()
    try #require(try await process.exitCode() == 0, "\(command) \(errors)")
  }

  @Test("Killed in the middle of saves it starts again with what is on disk, or with the last good")
  func killed() async throws {
    for round in 0..<3 {
      let site = try await ServingProcess(workspace.root, ["--quiet-period", "0"])
      for save in 0..<10 {
        try workspace.replace(page, try text("save \(round).\(save)"))
        try workspace.append(style, "/* \(save) */\n")
        if save == 5 { _ = try await site.process.output.nextObject(event: "reloaded") }
      }
      #expect(try await site.end(by: SIGKILL) == -SIGKILL)
      let again = try await ServingProcess(workspace.root)
      #expect(try await again.page().contains("<h1>save \(round).9</h1>"))
      let good = try workspace.text(config)
      try workspace.replace(config, "title = \n")
      _ = try await again.process.output.nextObject(event: "rejected")
      #expect(try await again.end(by: SIGKILL) == -SIGKILL)
      let lastGood = try await ServingProcess(workspace.root)
      let broken = try await lastGood.process.output.nextObject()
      #expect(broken.string("event") == "rejected")
      #expect(try await lastGood.page().contains("Kestrel Coffee"))
      try workspace.replace(config, good)
      #expect(try await lastGood.end() == 0)
      #expect(try await lastGood.process.errors.rest().isEmpty)
    }
  }

  @Test("A save of vim, of sed, a checkout of a branch and an rsync are one generation each")
  func editors() async throws {
    let root = workspace.root.string
    func git(_ arguments: String...) async throws {
      let process = try CommandProcess(
        command: ["/usr/bin/env", "git", "-C", root, "-c", "user.name=a", "-c", "user.email=a"]
          + arguments)
      try #require(try await process.exitCode() == 0)
    }
    try await git("init", "-q", "-b", "main")
    try await git("add", "-A")
    try await git("commit", "-qm", "a")
    try await git("checkout", "-qb", "other")
    try workspace.write(page, try text("other"))
    try workspace.append(style, "/* other */\n")
    try workspace.write(config, try workspace.text(config).replacing("Kestrel", with: "Heron"))
    try await git("commit", "-qam", "b")
    try await git("checkout", "-q", "main")
    let copy = try TemporaryWorkspace()
    try await run("cp", "-a", "\(root)/templates", "\(root)/static", copy.root.string)
    try copy.write(page, try text("copied"))
    try copy.append(style, "/* copied */\n")
    try copy.write("templates/pages/more.mustache", "more\n")

    let site = try await serve()
    func expect(_ units: [String], _ heading: String) async throws {
      let reload = try await site.process.output.nextObject()
      #expect(reload.string("event") == "reloaded")
      #expect((reload["units"] as? [String])?.sorted() == units, "\(reload.line)")
      #expect(try await site.page().contains(heading))
    }
    let path = workspace.path(page).string
    try await run("vim", "-es", "-u", "NONE", "-c", "%s/<h1>.*/<h1>vim/", "-c", "wq", path)
    try await expect(["templates"], "<h1>vim")
    try await run("sed", "-i", "s/<h1>.*/<h1>sed/", path)
    try await expect(["templates"], "<h1>sed")
    try await git("checkout", "-q", "-f", "other")
    try await expect(["assets", "config site", "templates"], "<h1>other")
    try await git("checkout", "-q", "main")
    try await expect(["assets", "config site", "templates"], "Kestrel")
    try await run(
      "rsync", "-a", "--delete", "\(copy.root)/templates", "\(copy.root)/static", root + "/")
    try await expect(["assets", "templates"], "<h1>copied")
    #expect(try await site.page("/more").contains("more"))
    #expect(try await site.end() == 0)
    #expect(try await site.process.output.rest().isEmpty)
  }

  @Test(
    "A hundred open sockets are told of each save once, in order, and the descriptors come back")
  func sockets() async throws {
    let site = try await ServingProcess(workspace.root, ["--quiet-period", "0"])
    let clients = try await withThrowingTaskGroup(of: RawClient.self) { group in
      for _ in 0..<100 { group.addTask { try await site.socket() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for save in 0..<5 {
      try workspace.replace(page, try text("save \(save)"))
      let reload = try await site.process.output.nextObject(event: "reloaded")
      let generation = try #require(reload.integer("generation"))
      for client in clients {
        let update = try await client.talk { try $0.receiveText() }
        #expect(update.contains(#""type":"update""#), "\(update)")
        #expect(update.contains("\"generation\":\(generation)"))
      }
    }
    #expect(try await site.page().contains("<h1>save 4</h1>"))
    #expect(try await site.end() == 0)
    for client in clients { #expect(try await client.talk { try $0.receiveClose() } == 1001) }
  }

  @Test(
    "Folders that go and come again are followed",
    arguments: ["templates", "static", "config"])
  func folders(folder: String) async throws {
    let site = try await serve()
    let keep = try TemporaryWorkspace()
    let path = workspace.path(FilePath(folder)).string
    try await run("cp", "-a", path, keep.root.string)
    for isMoved in [false, true] {
      let away = keep.path("away").string
      try await isMoved ? run("mv", path, away) : run("rm", "-r", path)
      let gone = try await site.process.output.nextObject()
      // A page may go; what a config was stays.
      #expect(gone.string("event") == (folder == "config" ? "rejected" : "reloaded"))
      let status = try await site.page().split(separator: " ")[1]
      #expect(status == ["templates": "404", "static": "500", "config": "200"][folder] ?? "")
      try await isMoved
        ? run("mv", away, path) : run("cp", "-a", keep.path(FilePath(folder)).string, path)
      if folder == "config" {
        // As it was: nothing is printed but that it is good again.
        _ = try await site.process.output.nextObject(event: "reloaded")
      } else {
        #expect(try await site.process.output.nextObject().string("event") == "reloaded")
      }
      let page = try await site.page()
      #expect(page.hasPrefix("HTTP/1.1 200") && page.contains("Kestrel"))
    }
    #expect(try await site.end() == 0)
    #expect(try await site.process.output.rest().isEmpty)
  }

  @Test("On a full disk for data/ every save is seen, and it starts again")
  func fullDisk() async throws {
    guard geteuid() == 0 else { return }
    try workspace.makeDirectory("data")
    let script = """
      mount -t tmpfs -o size=16k none "$1/data"
      dd if=/dev/zero of="$1/data/fill" bs=1k 2>/dev/null || true
      shift
      exec "$@"
      """
    for round in 0..<2 {
      let site = try await ServingProcess(
        workspace.root,
        command: [
          "/usr/bin/unshare", "--mount", "sh", "-ec", script, "sh", workspace.root.string,
          CommandProcess.path(of: "hotreload"),
        ])
      for save in 0..<5 {
        try workspace.replace(page, try text("save \(round).\(save)"))
        _ = try await site.process.output.nextObject(event: "reloaded")
        #expect(try await site.page().contains("<h1>save \(round).\(save)</h1>"))
      }
      let status = try await site.page("/_hotreload/status.json")
      #expect(status.contains("No space left on device"))
      #expect(try await site.end() == 0)
    }
  }

  @Test(
    "Too large or no text at all, a file is refused or served as it is, and nothing else suffers")
  func garbage() async throws {
    let site = try await serve()
    let noise = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 128) }
    for (path, event) in [
      (page, "rejected"), ("templates/layout.stencil", "rejected"), (config, "rejected"),
      ("config/menu.yaml", "rejected"), (style, "reloaded"), ("static/logo.svg", "reloaded"),
    ] {
      let good = try workspace.read(path)
      for bytes in [noise, [UInt8](repeating: UInt8(ascii: "x"), count: 17 << 20)] {
        // One step for a reader: what it finds is one of the two.
        try workspace.write(".new", bytes: bytes)
        try #require(rename(workspace.path(".new").string, workspace.path(path).string) == 0)
        let told = try await site.process.output.nextObject()
        #expect(told.string("event") == event, "\(path): \(told.line.prefix(300))")
        #expect(try await site.page().contains("<h1>"))
      }
      try workspace.write(".new", bytes: good)
      try #require(rename(workspace.path(".new").string, workspace.path(path).string) == 0)
      _ = try await site.process.output.nextObject(event: "reloaded")
    }
    #expect(try await site.end() == 0)
  }
}
