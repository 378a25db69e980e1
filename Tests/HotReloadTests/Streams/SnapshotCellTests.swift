import Synchronization
import Testing

@testable import HotReload

@Suite("The snapshot cell", .timeLimit(.minutes(5)))
struct SnapshotCellTests {
  /// Counts how many of its kind are alive, and is recognisable when it is read after its end.
  final class Payload: Sendable {
    static let alive = Atomic(0)
    let number: Int
    let copy: Int

    init(_ number: Int) {
      self.number = number
      copy = number
      Self.alive.add(1, ordering: .relaxed)
    }

    deinit {
      Self.alive.subtract(1, ordering: .relaxed)
    }
  }

  private static func storage(_ number: Int) -> SnapshotStorage {
    let value = TypedValue(Payload(number), generation: UInt64(number), slot: 1)
    return SnapshotStorage(generation: UInt64(number), units: [:], values: [value])
  }

  @Test(
    "gives readers whole values, never an older one after a newer, and releases what is replaced")
  func stress() async {
    let cell = SnapshotCell(Self.storage(1))
    let shared = Shared(cell: cell)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          var last = 0
          while !shared.isOver.load(ordering: .relaxed) {
            let payload = shared.cell.read { table in
              SnapshotStorage.object(at: 1, in: table, as: TypedValue<Payload>.self)
                ._withUnsafeGuaranteedRef { $0.value }
            }
            #expect(payload.number == payload.copy && payload.number >= last)
            last = payload.number
            let pinned = shared.cell.storage
            #expect(Int(pinned.generation) >= last)
            await Task.yield()
          }
        }
      }
      for number in 2...5_000 {
        cell.store(Self.storage(number))
        if number.isMultiple(of: 100) { await Task.yield() }
      }
      shared.isOver.store(true, ordering: .relaxed)
    }
    // With no reader left, the next writer finds nothing to keep.
    cell.store(Self.storage(5_001))
    #expect(Payload.alive.load(ordering: .relaxed) == 1)
  }

  final class Shared: Sendable {
    let cell: SnapshotCell
    let isOver = Atomic(false)

    init(cell: SnapshotCell) {
      self.cell = cell
    }
  }
}
