import Testing

@testable import HotReloadFleet

@Suite("The rollout's values")
struct RolloutValuesTests {
  static let hashes = (1...10).map { InstanceHash(value: UInt64($0) * 100) }

  @Test("A stage means at least one instance, and rounds up")
  func counts() {
    let stage = RolloutStage(percent: 10, bake: .zero)
    #expect([1, 10, 11, 20, 100].map(stage.count) == [1, 1, 2, 2, 10])
    #expect(RolloutStage(percent: 0, bake: .zero).count(of: 10_000) == 1)
    #expect(RolloutStage(percent: 7, bake: .zero).count(of: 100) == 7)
    #expect(RolloutStage(percent: .nan, bake: .seconds(-1)).bakeMilliseconds == 0)
    #expect(RolloutStage(percent: 1_000, bake: .zero).count(of: 5) == 5)
  }

  @Test("A step's threshold is the k-th smallest hash, whatever their order")
  func threshold() {
    let stages = RolloutStage.standard
    let first = RolloutStep(entering: 0, of: stages, hashes: Self.hashes.reversed())
    // 1 % and 10 % of ten are the same instance: one step, watched as long as the longer of the two.
    #expect(first.stage == 1 && first.threshold.value == 100 && first.targets == 1)
    let half = RolloutStep(entering: 2, of: stages, hashes: Self.hashes.shuffled())
    #expect(half.stage == 2 && half.threshold.value == 500 && half.population == 10)
    let all = RolloutStep(entering: 3, of: stages, hashes: Self.hashes)
    #expect(all.threshold == .last && all.targets == 10)
  }

  @Test("A step never falls below what was reached before")
  func reached() {
    let reached = InstanceHash(value: 700)
    let step = RolloutStep(
      entering: 2, of: RolloutStage.standard, hashes: Self.hashes, reached: reached)
    #expect(step.threshold == reached)
  }

  @Test("All stages of a single instance are one step")
  func alone() {
    let step = RolloutStep(entering: 0, of: RolloutStage.standard, hashes: [Self.hashes[0]])
    #expect(step.stage == 3 && step.bake == .seconds(600) && step.threshold == .last)
  }

  @Test("An instance's place is the same in any language")
  func hashVectors() throws {
    // SipHash-2-4-128 of the reference's test vectors: no bytes give a3817f04ba25a8e6 6df67214c7550293.
    #expect(InstanceHash(of: "").description == "e6a825ba047f81a3")
    let text = #"["00000000000000ff"]"#
    let bytes = try FleetKeys.encode([InstanceHash(value: 255)])
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }

  @Test("What is written is read again, and another version is refused with a reason")
  func coding() throws {
    let keys = FleetKeys(prefix: "hotreload/shop")
    let failure = RolloutFailure(kind: .lost, instance: "web-1", reason: "gone")
    let record = RolloutRecord(
      release: Release(number: 7, content: BundleDigest(rawValue: "abc")), base: nil,
      stages: RolloutStage.standard,
      step: RolloutStep(entering: 0, of: RolloutStage.standard, hashes: Self.hashes),
      state: .ended(.rolledBack(failure, unreverted: 2)), proposal: "p1", proposedBy: "me",
      startedAt: 1, movedAt: 2, controller: "web-9",
      fence: 12)
    let revision = StoreRevision(rawValue: 3)
    func change(_ value: [UInt8]) -> FleetChange? {
      keys.change(
        .put(
          StoreEntry(
            key: keys.rollout, value: value, createRevision: revision, modRevision: revision)))
    }
    guard case .put(_, .rollout(let read)) = change(try FleetKeys.encode(record)) else {
      Issue.record("it is not read again")
      return
    }
    #expect(read == record)
    var newer = record
    newer.version = 2
    guard case .unreadable(_, let reason) = change(try FleetKeys.encode(newer)) else {
      Issue.record("another version was read")
      return
    }
    #expect(reason.contains("it has version 2, this library knows version 1"))
    #expect(keys.change(.deleted("hotreload/shop/other")) == nil)
  }
}
