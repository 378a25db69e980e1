import HotReloadTesting
import Testing

@testable import FileWatching

@Suite("Settling")
struct SettlerTests {
  private static let millisecond: Nanoseconds = 1_000_000
  private let a = NodeID(raw: 1)
  private let b = NodeID(raw: 2)

  private func settler(quiet: Int = 20) -> Settler {
    Settler(
      quietPeriod: .milliseconds(quiet), debounce: .milliseconds(500), maxWait: .seconds(2))
  }

  private func at(_ milliseconds: Int64) -> Nanoseconds { milliseconds * Self.millisecond }

  @Test("A closed path goes out when nothing came for the quiet period")
  func quietPeriod() {
    var settler = settler()
    let becamePending = settler.note(a, .closed, wasPresent: true, at: at(0))
    #expect(becamePending)
    #expect(settler.decision(at: at(0)) == .wait(until: at(20)))
    _ = settler.note(b, .closed, wasPresent: false, at: at(15))
    #expect(settler.decision(at: at(20)) == .wait(until: at(35)))
    #expect(settler.decision(at: at(35)) == .release)
    let settled = settler.takeSettled(at: at(35))
    #expect(Set(settled.keys) == [a, b])
    #expect(settled[a]?.wasPresent == true && settled[b]?.wasPresent == false)
    #expect(settler.decision(at: at(35)) == .idle)
  }

  @Test("A path that is written to is waited for until its writer closes it")
  func openWriter() {
    var settler = settler()
    _ = settler.note(a, .opened, wasPresent: true, at: at(0))
    #expect(settler.decision(at: at(100)) == .wait(until: at(500)))
    _ = settler.note(a, .opened, wasPresent: true, at: at(400))
    #expect(settler.decision(at: at(500)) == .wait(until: at(900)))
    let becamePending = settler.note(a, .closed, wasPresent: true, at: at(450))
    #expect(!becamePending)
    #expect(settler.decision(at: at(470)) == .release)
  }

  @Test("A writer that falls silent for the debounce counts as having closed")
  func silentWriter() {
    var settler = settler()
    _ = settler.note(a, .opened, wasPresent: true, at: at(0))
    #expect(settler.decision(at: at(499)) == .wait(until: at(500)))
    #expect(settler.decision(at: at(500)) == .release)
    let released = settler.takeSettled(at: at(500))
    #expect(released.keys.contains(a))
  }

  @Test("Continuous writing delays a closed path to the maximal wait and no longer")
  func maxWait() {
    var settler = settler()
    _ = settler.note(a, .closed, wasPresent: true, at: at(0))
    for time in stride(from: Int64(0), to: 2000, by: 10) {
      _ = settler.note(b, .opened, wasPresent: true, at: at(time))
      guard case .wait = settler.decision(at: at(time)) else {
        Issue.record("released at \(time) ms")
        return
      }
    }
    #expect(settler.decision(at: at(2000)) == .release)
    let released = settler.takeSettled(at: at(2000)).keys
    #expect(Set(released) == [a])
    #expect(Array(settler.open.keys) == [b])
  }

  @Test("Without a quiet period a closed path goes out at once, though others are written to")
  func immediately() {
    var settler = settler(quiet: 0)
    _ = settler.note(b, .opened, wasPresent: true, at: at(0))
    #expect(settler.decision(at: at(0)) == .wait(until: at(500)))
    _ = settler.note(a, .closed, wasPresent: true, at: at(0))
    #expect(settler.decision(at: at(0)) == .release)
    let released = settler.takeSettled(at: at(0)).keys
    #expect(Set(released) == [a])
  }

  @Test("A scan's find in an unwatched folder waits for the debounce, but not when forced")
  func polled() {
    var settler = settler()
    _ = settler.note(a, .polled, wasPresent: true, at: at(0))
    _ = settler.note(b, .opened, wasPresent: true, at: at(0))
    #expect(settler.decision(at: at(100)) == .wait(until: at(500)))
    #expect(settler.hasReleasable(at: at(100)))
    let released = settler.takeSettled(at: at(100), force: true).keys
    #expect(Set(released) == [a])
    #expect(!settler.hasReleasable(at: at(100)))
  }

  @Test("A scan that comes by does not close a path that is written to")
  func foundWhileOpen() {
    var settler = settler()
    _ = settler.note(a, .opened, wasPresent: true, at: at(0))
    _ = settler.note(a, .found, wasPresent: true, at: at(1))
    #expect(settler.open[a]?.changed == true)
  }

  @Test("What the consumer knew is remembered from the first hint, whatever happens after")
  func firstKnowledge() {
    var settler = settler()
    _ = settler.note(a, .closed, wasPresent: false, at: at(0))
    _ = settler.note(a, .opened, wasPresent: true, at: at(1))
    _ = settler.note(a, .attributes, wasPresent: true, at: at(2))
    #expect(settler.open[a]?.wasPresent == false)
  }

  @Test("A file that became empty is held until the debounce, then goes out")
  func heldEmpty() throws {
    var settler = settler()
    _ = settler.note(a, .closed, wasPresent: true, at: at(0))
    let taken = settler.takeSettled(at: at(20))
    let entry = try #require(taken[a])
    settler.holdEmpty(a, entry)
    #expect(settler.decision(at: at(499)) == .wait(until: at(500)))
    let released = settler.takeSettled(at: at(500))
    #expect(released[a]?.heldEmpty == true)
  }

  @Test("Whatever the order of hints, nothing is lost and nothing comes twice")
  func nothingIsLost() {
    for seed in PropertySeeds(200) { nothingIsLost(seed: seed) }
  }

  private func nothingIsLost(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var settler = settler(quiet: Bool.random(using: &random) ? 0 : 20)
    var pending: Set<NodeID> = []
    var now: Nanoseconds = 0
    let activities: [Settler.Activity] = [.opened, .closed, .attributes, .found, .polled]
    for _ in 0..<500 {
      now += Int64.random(in: 0...60, using: &random) * Self.millisecond
      if Int.random(in: 0..<3, using: &random) > 0 {
        let id = NodeID(raw: Int32.random(in: 0..<8, using: &random))
        let isNew = settler.note(
          id, activities.randomElement(using: &random)!, wasPresent: true, at: now)
        #expect(isNew == pending.insert(id).inserted, "seed \(seed)")
      }
      if settler.decision(at: now) == .release {
        for id in settler.takeSettled(at: now).keys {
          #expect(pending.remove(id) != nil, "seed \(seed): \(id) came though not pending")
        }
      }
      #expect(settler.isEmpty == pending.isEmpty, "seed \(seed)")
    }
    var rounds = 0
    while case .wait(let until) = settler.decision(at: now), rounds < 100 {
      now = until
      rounds += 1
      if settler.decision(at: now) == .release {
        for id in settler.takeSettled(at: now).keys { pending.remove(id) }
      }
    }
    #expect(pending.isEmpty, "seed \(seed): never released: \(pending)")
  }
}
