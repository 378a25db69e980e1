import CSystemShims
import FileWatching
import HotReload
import HotReloadProcess
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds out the facts that the checks go by. Blocking. It reads, and changes nothing.
struct FactCollector {
  /// How many ports above a taken one are tried as the one to propose.
  static let proposedPorts = 100
  /// How many configs are loaded.
  static let maximumConfigs = 10_000
  private static let limits = "/proc/sys/fs/inotify"

  let workspace: Workspace
  let port: Int

  func collect() -> SystemFacts {
    let root = (try? SystemCalls.realPath(workspace.root)) ?? workspace.root
    var facts = SystemFacts(root: root, user: Int(geteuid()))
    let configuration = settings(&facts)
    facts.pollMilliseconds = Int64(configuration.pollInterval / .milliseconds(1))
    inotify(&facts)
    survey(configuration, &facts)
    facts.port = portFacts()
    facts.descriptors = descriptors()
    storage(&facts)
    configs(&facts)
    facts.remains = remains(root)
    return facts
  }

  /// What `hotreload.toml` asks for; the defaults if it is not good.
  private func settings(_ facts: inout SystemFacts) -> HotReloadConfiguration {
    let configuration = HotReloadConfiguration()
    do throws(HotReloadError) {
      return try configuration.applyingSettings(of: workspace)
    } catch {
      let places = error.diagnostics.map(\.description)
      facts.settingsProblem =
        places.isEmpty ? error.message : "\(error.message): \(places.joined(separator: "; "))"
      return configuration
    }
  }

  private func inotify(_ facts: inout SystemFacts) {
    guard let watches = ProcessTable.number("\(Self.limits)/max_user_watches"),
      let instances = ProcessTable.number("\(Self.limits)/max_user_instances"),
      let events = ProcessTable.number("\(Self.limits)/max_queued_events")
    else { return }
    let used = ProcessTable().inotifyUse(of: facts.user)
    facts.inotify = SystemFacts.Inotify(
      maximumWatches: watches, maximumInstances: instances, maximumQueuedEvents: events,
      usedWatches: used.watches, usedInstances: used.instances)
  }

  private func survey(_ configuration: HotReloadConfiguration, _ facts: inout SystemFacts) {
    let own = ["data/hotreload/**", "data/backups/**", "data/locks/**"]
    guard
      let filter = try? PathFilter(
        include: configuration.watchPatterns, exclude: configuration.excludePatterns + own)
    else { return }
    var survey = TreeSurvey(root: facts.root, filter: filter)
    survey.run()
    facts.tree = survey.tree
    let mounts = MountTable(ProcessTable.read("/proc/self/mountinfo") ?? [])
    let points = [mounts.mount(of: facts.root)].compactMap(\.self)
    for (mount, isRoot) in points.map({ ($0, true) })
      + mounts.mounts(below: facts.root).map({ ($0, false) })
    {
      let path = isRoot ? FilePath() : relative(mount.point, to: facts.root)
      let place = isRoot ? facts.root : mount.point
      guard SystemCalls.isDirectory(place) else {
        facts.boundFiles.append(.init(path: path, source: mount.source))
        continue
      }
      var status = stat()
      guard place.withPlatformString({ stat($0, &status) }) == 0 else { continue }
      facts.fileSystems.append(
        SystemFacts.FileSystem(
          path: path, type: mount.type,
          isRemote: DeviceTable.isRemote(
            fileSystemType: place.withPlatformString { shim_file_system_type($0) }),
          isReadOnly: mount.isReadOnly, mountPoint: mount.point,
          files: survey.filesByDevice[UInt64(status.st_dev)] ?? 0))
    }
  }

  private func relative(_ path: FilePath, to root: FilePath) -> FilePath {
    var path = path
    return path.removePrefix(root) ? path : path
  }

  private func portFacts() -> SystemFacts.Port? {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap(ProcessTable.read)
    guard !tables.isEmpty else { return nil }
    let sockets = tables.flatMap { ListeningSockets(String(decoding: $0, as: UTF8.self)).sockets }
    let takers = sockets.filter { $0.port == port }
    var facts = SystemFacts.Port(number: port, isTaken: port != 0 && !takers.isEmpty)
    guard facts.isTaken else { return facts }
    facts.owners = ProcessTable().owners(of: Set(takers.map(\.inode)))
    facts.user = takers.first?.user
    let taken = Set(sockets.map(\.port))
    facts.free = (1...Self.proposedPorts).map { port + $0 }
      .first { $0 <= Int(UInt16.max) && !taken.contains($0) }
    return facts
  }

  private func descriptors() -> SystemFacts.Descriptors? {
    var limits = rlimit()
    #if canImport(Glibc)
      let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    #else
      let result = getrlimit(RLIMIT_NOFILE, &limits)
    #endif
    guard result == 0 else { return nil }
    return SystemFacts.Descriptors(
      soft: Int(clamping: limits.rlim_cur), hard: Int(clamping: limits.rlim_max))
  }

  private func storage(_ facts: inout SystemFacts) {
    // What is not there yet is made by the first start, in the nearest folder above.
    let candidates = [FilePath("data/hotreload"), "data", ""].map { facts.root.pushing($0) }
    guard let path = candidates.first(where: SystemCalls.isDirectory) else { return }
    var (space, status) = (statvfs(), stat())
    guard path.withPlatformString({ statvfs($0, &space) }) == 0,
      path.withPlatformString({ stat($0, &status) }) == 0
    else { return }
    facts.storage = SystemFacts.Storage(
      path: path, isWritable: TreeSurvey.isAllowed(path, W_OK | X_OK),
      isReadOnly: UInt64(space.f_flag) & UInt64(ST_RDONLY) != 0,
      owner: Int(status.st_uid),
      freeBytes: Self.bytes(UInt64(space.f_bavail), of: UInt64(space.f_frsize)),
      totalInodes: Int64(clamping: space.f_files), freeInodes: Int64(clamping: space.f_favail))
    facts.granularity = TickProbe.measure(in: facts.root)
  }

  private static func bytes(_ blocks: UInt64, of size: UInt64) -> Int64 {
    let (bytes, isTooLarge) = blocks.multipliedReportingOverflow(by: size)
    return isTooLarge ? .max : Int64(clamping: bytes)
  }

  private func configs(_ facts: inout SystemFacts) {
    let loader = ConfigLoader(workspace: workspace)
    let names: [String]
    do {
      names = Array(try loader.names().prefix(Self.maximumConfigs))
    } catch {
      facts.badConfigs = [.init(name: "", message: error.message)]
      return
    }
    facts.configs = names.count
    for name in names {
      do throws(ConfigError) {
        _ = try loader.load(name)
      } catch {
        var bad = SystemFacts.BadConfig(
          name: name, message: error.diagnostics.map(\.description).joined(separator: "; "))
        switch error.code {
        case .duplicateBase(let rivals), .duplicateOverlay(let rivals): bad.rivals = rivals
        default: break
        }
        facts.badConfigs.append(bad)
      }
    }
  }

  private func remains(_ root: FilePath) -> [SystemFacts.Remains] {
    ControlFolder.instances(root: root).ended.compactMap { instance in
      let socket = FilePath("data/hotreload").appending(instance)
        .appending(ControlFolder.socketName)
      let kind = SystemCalls.kind(of: root.pushing(socket), followLinks: false)
      return kind == S_IFSOCK ? SystemFacts.Remains(instance: instance, socket: socket) : nil
    }
  }
}
