import Foundation
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadSite

@Suite("The doctor on this machine")
struct DoctorMachineTests {
  private let workspace: TemporaryWorkspace

  init() throws { workspace = try TemporaryWorkspace() }

  private func facts(port: Int = 0) throws -> SystemFacts {
    FactCollector(workspace: try Workspace(root: workspace.root), port: port).collect()
  }

  @Test("Folders and files that would be watched are counted, others are not")
  func counts() throws {
    try workspace.write("config/app.toml", "a = 1\n")
    try workspace.write("config/app.toml.tmp", "")
    try workspace.write("templates/a/b.mustache", "")
    try workspace.write("node_modules/x/y.js", "")
    let tree = try facts().tree
    #expect(tree.files == 2)
    // The root, config, templates, templates/a.
    #expect(tree.folders == 4)
    #expect(tree.denied.isEmpty)
  }

  @Test("A link out of the root and names that differ in case are found, a link within is good")
  func linksAndNames() throws {
    try workspace.write("static/Logo.svg", "")
    try workspace.write("static/logo.svg", "")
    try workspace.symlink("static/out", to: "/etc")
    try workspace.symlink("static/in", to: "Logo.svg")
    let tree = try facts().tree
    #expect(tree.linksOut == [.init(path: "static/out", target: "/etc")])
    #expect(tree.collisions == [["static/Logo.svg", "static/logo.svg"]])
  }

  @Test("Secrets that others may read are found, unless their folder is closed")
  func secrets() throws {
    try workspace.write("secret/key.pem", "")
    try workspace.setMode("secret", 0o755)
    try workspace.setMode("secret/key.pem", 0o644)
    #expect(try facts().tree.openSecrets == ["secret/key.pem"])
    try workspace.setMode("secret", 0o700)
    #expect(try facts().tree.openSecrets.isEmpty)
  }

  @Test("Two base files, a config that does not parse and bad settings are found")
  func configs() throws {
    try workspace.write("config/a.toml", "x = 1\n")
    try workspace.write("config/a.yaml", "x: 1\n")
    try workspace.write("config/b.toml", "x = \n")
    try workspace.write("hotreload.toml", "debounce = 3\n")
    let facts = try facts()
    #expect(facts.configs == 2)
    #expect(facts.badConfigs.map(\.name) == ["a", "b"])
    #expect(facts.badConfigs[0].rivals == ["config/a.toml", "config/a.yaml"])
    #expect(facts.badConfigs[1].message.contains("config/b.toml:1:"))
    #expect(facts.settingsProblem?.contains("hotreload.toml") == true)
  }

  @Test("Who listens on a port is found, with a port that is free")
  func port() throws {
    let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = withUnsafeMutablePointer(to: &address) { pointer -> UInt16 in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard bind(listener, $0, length) == 0, listen(listener, 1) == 0,
          getsockname(listener, $0, &length) == 0
        else { return 0 }
        return 1
      } == 1 ? UInt16(bigEndian: pointer.pointee.sin_port) : 0
    }
    let port = try #require(try facts(port: Int(number)).port)
    #expect(number > 0)
    #expect(port.isTaken)
    #expect(port.owners.map(\.identifier) == [Int(getpid())])
    #expect(port.user == Int(geteuid()))
    #expect(port.free != nil && port.free != Int(number))
  }

  @Test("Limits, space and the file system's type are known on Linux")
  func machine() throws {
    let facts = try facts()
    #expect(try #require(facts.inotify).maximumWatches > 0)
    #expect(try #require(facts.descriptors).soft > 0)
    let storage = try #require(facts.storage)
    #expect(storage.path == facts.root && storage.isWritable && storage.freeBytes > 0)
    #expect(facts.fileSystems.first?.path.isEmpty == true)
    #expect(facts.fileSystems.first?.type.isEmpty == false)
  }

  @Test("The socket of a dead instance is found")
  func remains() throws {
    try workspace.makeDirectory("data/hotreload/web")
    let path = workspace.path("data/hotreload/web/control.sock").string
    let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: path.utf8.prefix($0.count - 1))
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
    }
    close(listener)
    try #require(result == 0)
    #expect(
      try facts().remains == [
        .init(instance: "web", socket: "data/hotreload/web/control.sock")
      ])
  }

  @Test(
    "Tables of the kernel are read, with escapes, several mounts at one place and lines that are none"
  )
  func tables() throws {
    let table = MountTable(
      Array(
        """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        30 22 0:40 / /srv rw - nfs4 host:/x rw
        31 22 0:41 /a\\040b.toml /srv/my\\040shop/app.toml ro,relatime master:2 - ext4 /dev/sdb rw
        32 22 0:42 / /srv rw - tmpfs none ro
        nonsense
        """.utf8))
    #expect(table.mounts.count == 4)
    #expect(table.mount(of: "/srv/x")?.type == "tmpfs")
    #expect(table.mount(of: "/srvx")?.type == "ext4")
    let below = table.mounts(below: "/srv")
    #expect(below.map(\.point) == ["/srv/my shop/app.toml"])
    #expect(below[0].source == "/a b.toml" && below[0].isReadOnly)
    let sockets = ListeningSockets(
      """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0
         1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12346 1 0 100 0 0 10 0
      """)
    #expect(sockets.sockets == [.init(port: 8_080, user: 1_000, inode: 12_345)])
    #expect(
      ProcessTable.watches(in: Array("pos:\t0\ninotify wd:2 ino:1\ninotify wd:1 ino:2\n".utf8)) == 2
    )
  }
}
