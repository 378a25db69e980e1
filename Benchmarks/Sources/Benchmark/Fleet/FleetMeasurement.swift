import Foundation
import HotReload
import HotReloadFleet
import HotReloadTesting
import Logging
import WorkspaceTools

extension Measurement {
  /// How long a change takes to all instances of a fleet, and what it writes.
  static let rollout = Measurement(
    name: "rollout",
    purpose:
      "propose -> applied by all instances, one stage of 100 %, no bake, on etcd; floor: put -> last of as many watches"
  ) { report, scale in
    guard let binary = EtcdProcess.binary else {
      throw UsageError(
        message: "there is no etcd here. Debian, Ubuntu: sudo apt-get install etcd-server")
    }
    report.note(EtcdProcess.version(of: binary))
    for (count, target) in [(1, 6.0), (20, 4.0), (100, 4.0)] {
      let etcd = try await EtcdProcess(binary)
      let raw = RawEtcd(etcd.endpoint)
      let watchers = try await RawWatchers(count, on: raw, key: "raw/told", writes: false)
      let writers = try await RawWatchers(count, on: raw, key: "raw/answered", writes: true)
      let fleet = try await BenchFleet(count, on: etcd.endpoint)
      let samples = try await interleave(
        rounds: scale.count(40),
        [
          { try await fleet.round() }, { try await watchers.round() },
          { try await writers.round() },
        ])
      for (name, part) in [("p50", 0.5), ("p95", 0.95)] {
        report.row(
          "\(count) instances, \(name)", samples[0].percentile(part),
          floor: samples[1].percentile(part), target: part == 0.5 ? .ratio(target) : nil)
        report.row(
          "\(count) instances, \(name), if each watcher writes too", samples[0].percentile(part),
          floor: samples[2].percentile(part))
      }
      let writes = try await fleet.writes()
      report.row(
        "\(count) instances, writes of the controller", writes.controller, unit: .count,
        target: .exactly(2))
      report.row(
        "\(count) instances, writes of each instance", writes.instances, unit: .count,
        target: .atMost(3))
      await fleet.stop()
      watchers.stop()
      writers.stop()
      try await raw.close()
      etcd.stop()
    }
  }
}

/// A fleet in this process, each instance with a workspace, a manager and connections of its own.
private final class BenchFleet {
  private let client: FleetClient
  private let members: [(member: FleetMember, stream: ConfigStream<SampleNumber>)]
  private let scratch: TemporaryWorkspace
  private let running: Task<Void, Never>
  private let arrivals: Countdown
  private var listeners: [Task<Void, Never>] = []
  private var number = 1

  struct SampleNumber: Decodable, Sendable { var number: Int }

  init(_ count: Int, on endpoint: String) async throws {
    scratch = try ScratchFolder.make("fleet")
    let logger = Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() })
    client = FleetClient(
      try EtcdStore(EtcdOptions(endpoints: [endpoint]), logger: logger), fleet: "bench")
    var members: [(FleetMember, ConfigStream<SampleNumber>)] = []
    for index in 0..<count {
      let root = scratch.root.appending("\(index)")
      try scratch.write(root.appending("config/app.json"), #"{"number": 1}"#)
      let workspace = try Workspace(
        root: root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
      // The kernel gives one user 128 watchers; the workspace's own files do not change here.
      let member = try await workspace.joinFleet(
        FleetOptions(
          fleet: "bench",
          store: .opened(try EtcdStore(EtcdOptions(endpoints: [endpoint]), logger: logger)),
          instance: "instance-\(index)", stages: RolloutStage.atOnce),
        configuration: HotReloadConfiguration(
          backend: .polling, pollInterval: .seconds(60), logger: logger))
      members.append(
        (member, try await member.manager.watchConfigChanges("app", as: SampleNumber.self)))
    }
    self.members = members
    arrivals = Countdown(count)
    for (_, stream) in members {
      listeners.append(Task { [arrivals] in for await _ in stream { arrivals.down() } })
    }
    running = Task { [members] in
      await withTaskGroup(of: Void.self) { group in
        for (member, _) in members { group.addTask { try? await member.run() } }
      }
    }
    for (member, _) in members {
      for await status in member.statuses() where status.hasHeard { break }
    }
    for try await overview in client.overviews()
    where overview.controller != nil && overview.instances.count == count { break }
    // The first one is committed once the store was seen for as long as a lease and its grace.
    _ = try await round()
  }

  private func bundle() throws -> ContentBundle {
    try ContentBundle(files: [
      .init(path: "config/app.json", bytes: Array(#"{"number": \#(number)}"#.utf8))
    ])
  }

  /// Nanoseconds from before a proposal to when the last instance's stream has the new value.
  func round() async throws -> Double {
    number += 1
    let bundle = try bundle()
    try await client.store.publish(bundle, under: client.keys)
    arrivals.start()
    let start = monotonicNanoseconds()
    _ = try await client.propose(bundle, by: "bench")
    await arrivals.wait()
    let elapsed = Double(monotonicNanoseconds() - start)
    for try await overview in client.overviews()
    where overview.committed?.content == bundle.digest { break }
    for (member, _) in members {
      for await status in member.statuses()
      where status.isSettled && status.committed?.content == bundle.digest { break }
    }
    return elapsed
  }

  /// What one rollout writes.
  func writes() async throws -> (controller: Double, instances: Double) {
    let before = try await client.overview().revision
    _ = try await round()
    var controller = 0
    var instances = 0
    let watch = client.store.watch(client.keys.all, after: before)
    for try await event in watch {
      guard case .changes(let batch) = event else { continue }
      if batch.changes.contains(where: { $0.key == client.keys.rollout }) { controller += 1 }
      instances += batch.changes.count { change in
        members.contains {
          change.key == client.keys.instance($0.member.instance)
        }
      }
      // All reports come before that.
      if batch.changes.contains(where: { $0.key == client.keys.committed }) { break }
    }
    return (Double(controller), Double(instances) / Double(members.count))
  }

  func stop() async {
    running.cancel()
    await running.value
    for listener in listeners { await listener.value }
    await client.store.close()
  }
}
