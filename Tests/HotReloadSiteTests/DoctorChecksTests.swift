import SystemPackage
import Testing

@testable import HotReloadSite

@Suite("The doctor's checks")
struct DoctorChecksTests {
  private var healthy: SystemFacts {
    var facts = SystemFacts(root: "/srv/my shop", user: 1_000)
    facts.inotify = .init(
      maximumWatches: 65_536, maximumInstances: 128, maximumQueuedEvents: 16_384)
    facts.tree = .init(folders: 10, files: 40)
    facts.fileSystems = [.init(path: "", type: "ext4", isRemote: false)]
    facts.port = .init(number: 8_080, isTaken: false)
    facts.descriptors = .init(soft: 1_024, hard: 1_048_576)
    facts.storage = .init(
      path: "/srv/my shop/data", isWritable: true, isReadOnly: false, owner: 1_000,
      freeBytes: 1 << 34, totalInodes: 0, freeInodes: 0)
    facts.granularity = .atMost(4_000_000)
    facts.configs = 2
    return facts
  }

  private func finding(
    _ check: String, _ change: (inout SystemFacts) -> Void
  ) throws -> DoctorFinding {
    var facts = healthy
    change(&facts)
    return try #require(Doctor.findings(in: facts).first { $0.check == check })
  }

  @Test("A machine in order has no warning, and nothing to mend")
  func order() {
    let findings = Doctor.findings(in: healthy)
    #expect(findings.allSatisfy { $0.verdict == .ok && $0.fixes.isEmpty })
    #expect(Set(findings.map(\.check)).count == findings.count)
  }

  @Test(
    "Watches that do not suffice are a problem, few that are left a warning",
    arguments: [
      (65_525, DoctorFinding.Verdict.problem), (65_524, .warning), (50_000, .ok),
    ])
  func watches(used: Int, verdict: DoctorFinding.Verdict) throws {
    // 10 folders and the 2 components of the root: 65,524 is the most that leaves room for them.
    let found = try finding("inotify-watches") { $0.inotify?.usedWatches = used }
    #expect(found.verdict == verdict)
    #expect(
      found.fixes
        == (verdict == .ok
          ? []
          : [
            "sudo sysctl fs.inotify.max_user_watches=524288",
            "echo fs.inotify.max_user_watches=524288 | sudo tee -a /etc/sysctl.d/60-hotreload.conf",
          ]))
  }

  @Test("The proposed limit suffices for a huge workspace")
  func hugeWorkspace() throws {
    let found = try finding("inotify-watches") { $0.tree.folders = 1_000_000 }
    #expect(found.verdict == .problem)
    #expect(found.fixes[0] == "sudo sysctl fs.inotify.max_user_watches=2097152")
  }

  @Test("Queues are counted, and a short one is a warning")
  func queues() throws {
    let full = try finding("inotify-instances") { $0.inotify?.usedInstances = 128 }
    #expect(full.verdict == .problem)
    #expect(full.fixes[0] == "sudo sysctl fs.inotify.max_user_instances=1024")
    let short = try finding("inotify-queue") { $0.inotify?.maximumQueuedEvents = 100 }
    #expect(short.verdict == .warning)
    #expect(short.fixes[0] == "sudo sysctl fs.inotify.max_queued_events=16384")
    #expect(try finding("inotify-watches") { $0.inotify = nil }.verdict == .warning)
  }

  @Test("A file system without events says where, how it is watched and what that costs")
  func remote() throws {
    let found = try finding("file-system-events") {
      $0.fileSystems.append(
        .init(path: "templates", type: "nfs4", isRemote: true, files: 1_234))
    }
    #expect(found.verdict == .warning)
    #expect(found.message.contains("templates is on nfs4"))
    #expect(found.message.contains("1,234 files every 1,000 ms"))
    #expect(found.fixes.first?.hasPrefix("poll_interval_ms") == true)
    let windows = try finding("file-system-events") {
      $0.fileSystems = [.init(path: "", type: "9p", isRemote: true)]
    }
    #expect(windows.fixes == ["cp -a '/srv/my shop' ~/"])
  }

  @Test("A single mounted file gives the lines that mount its folder")
  func boundFile() throws {
    let found = try finding("bound-files") {
      $0.boundFiles = [.init(path: "config/app.toml", source: "/home/me/shop/config/app.toml")]
    }
    #expect(found.verdict == .problem)
    #expect(
      found.fixes == [
        "docker run -v '/home/me/shop/config:/srv/my shop/config' ...",
        "volumes: [\"/home/me/shop/config:/srv/my shop/config\"]   # in compose.yaml",
      ])
  }

  @Test("Times that are coarse are a warning")
  func granularity() throws {
    #expect(
      try finding("timestamps") { $0.granularity = .moreThan(50_000_000) }.verdict == .warning)
    #expect(try finding("timestamps") { $0.granularity = .atMost(20_000_000) }.verdict == .warning)
    #expect(
      try finding("timestamps") { $0.granularity = .atMost(1_234) }.message.contains("0.01 ms"))
  }

  @Test("What cannot be read is named with the lines that open it")
  func denied() throws {
    let found = try finding("readable") {
      $0.tree.denied = [
        .init(path: "config/it's.toml", isFolder: false), .init(path: "static", isFolder: true),
      ]
    }
    #expect(found.verdict == .problem)
    #expect(
      found.fixes == [
        "chmod u+rx '/srv/my shop/static'",
        "chmod u+r '/srv/my shop/config/it'\\''s.toml'",
      ])
    let secrets = try finding("secrets") { $0.tree.openSecrets = ["secret/key.pem"] }
    #expect(secrets.verdict == .warning)
    #expect(secrets.fixes == ["chmod o-rwx '/srv/my shop/secret/key.pem'"])
  }

  @Test("A journal that cannot be written is a problem, with the line for its owner or for others")
  func journal() throws {
    let own = try finding("journal") { $0.storage?.isWritable = false }
    #expect(own.verdict == .problem)
    #expect(own.fixes == ["chmod u+rwx '/srv/my shop/data'"])
    let other = try finding("journal") {
      $0.storage?.isWritable = false
      $0.storage?.owner = 0
    }
    #expect(other.fixes == ["sudo chown -R 1000 '/srv/my shop/data'"])
    let readOnly = try finding("journal") {
      $0.storage?.isReadOnly = true
      $0.fileSystems = [
        .init(path: "", type: "ext4", isRemote: false, isReadOnly: true, mountPoint: "/srv")
      ]
    }
    #expect(readOnly.verdict == .problem)
    #expect(readOnly.fixes[0] == "sudo mount -o remount,rw /srv")
    #expect(try finding("disk-space") { $0.storage?.freeBytes = 1 << 20 }.verdict == .problem)
    #expect(try finding("disk-space") { $0.storage?.freeBytes = 100 << 20 }.verdict == .warning)
  }

  @Test("A taken port names who has it, and another one")
  func port() throws {
    let taken = SystemFacts.Port(
      number: 8_080, isTaken: true,
      owners: [.init(identifier: 42, command: "python3 -m http.server")],
      user: 0, free: 8_081)
    let found = try finding("port") { $0.port = taken }
    #expect(found.verdict == .problem)
    #expect(found.message == "port 8080 is taken by python3 -m http.server (process 42)")
    #expect(found.fixes == ["hotreload serve --port 8081"])
    let hidden = try finding("port") {
      $0.port = taken
      $0.port?.owners = []
    }
    #expect(hidden.message.contains("of user 0"))
    let own = try finding("port") {
      $0.port = taken
      $0.port?.owners = [.init(identifier: 7, command: "/usr/bin/hotreload serve")]
    }
    #expect(own.verdict == .warning)
  }

  @Test("Few descriptors are raised by the shell, or by the administrator if the hard limit is low")
  func descriptors() throws {
    let soft = try finding("descriptors") { $0.descriptors = .init(soft: 256, hard: 1_048_576) }
    #expect(soft.verdict == .warning)
    #expect(soft.fixes == ["ulimit -n 4096"])
    let hard = try finding("descriptors") { $0.descriptors = .init(soft: 64, hard: 64) }
    #expect(hard.verdict == .problem)
    #expect(hard.fixes[0].hasPrefix("sudo prlimit"))
  }

  @Test("Configs, settings, links, names and remains are named with what mends them")
  func workspace() throws {
    let bad = try finding("configs") {
      $0.badConfigs = [.init(name: "app", message: "config/app.toml:3:1: no")]
    }
    #expect(bad.verdict == .problem)
    #expect(bad.fixes == ["hotreload check app --root '/srv/my shop'"])
    let rivals = try finding("configs") {
      $0.badConfigs = [
        .init(name: "a", message: "two", rivals: ["config/a.toml", "config/a.yaml"])
      ]
    }
    #expect(rivals.fixes.count == 1)
    #expect(
      rivals.fixes[0].hasPrefix("mv '/srv/my shop/config/a.yaml' '/srv/my shop/config/a.yaml.old'"))
    #expect(try finding("settings") { $0.settingsProblem = "no" }.verdict == .problem)
    let link = try finding("links") { $0.tree.linksOut = [.init(path: "static/x", target: "/etc")] }
    #expect(link.message.contains("static/x to /etc"))
    #expect(
      try finding("names") { $0.tree.collisions = [["static/A", "static/a"]] }.verdict == .warning)
    let remains = try finding("remains") {
      $0.remains = [.init(instance: "web", socket: "data/hotreload/web/control.sock")]
    }
    #expect(remains.fixes == ["rm '/srv/my shop/data/hotreload/web/control.sock'"])
  }
}
