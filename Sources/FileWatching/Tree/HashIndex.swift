/// An open-addressing index from hashes to small numbers, with linear probing.
///
/// The caller keeps the keys: the index asks it whether a number has the key that is looked for. Removal
/// shifts later entries back (Knuth, TAOCP vol. 3, 6.4, algorithm R), so there are no tombstones and
/// look-ups stay short however long the index lives.
struct HashIndex {
  private static let minimumCapacity = 64
  private var slots: ContiguousArray<Int32>
  private(set) var count = 0

  init() {
    slots = ContiguousArray(repeating: -1, count: Self.minimumCapacity)
  }

  @inline(__always)
  private var mask: Int { slots.count - 1 }

  /// The number whose key matches, or -1.
  @inline(__always)
  func find(hash: UInt32, where matches: (Int32) -> Bool) -> Int32 {
    slots.withUnsafeBufferPointer { slots in
      let mask = slots.count - 1
      var at = Int(hash) & mask
      while true {
        let value = slots[at]
        if value < 0 || matches(value) { return value }
        at = (at + 1) & mask
      }
    }
  }

  /// Adds a number whose key is not there yet.
  @inline(__always)
  mutating func insert(_ value: Int32, hash: UInt32, hashOf: (Int32) -> UInt32) {
    if (count + 1) * 4 > slots.count * 3 { grow(hashOf: hashOf) }
    place(value, hash: hash)
    count += 1
  }

  @inline(__always)
  private mutating func place(_ value: Int32, hash: UInt32) {
    var at = Int(hash) & mask
    while slots[at] >= 0 { at = (at + 1) & mask }
    slots[at] = value
  }

  private mutating func grow(hashOf: (Int32) -> UInt32) {
    let old = slots
    slots = ContiguousArray(repeating: -1, count: old.count * 2)
    for value in old where value >= 0 { place(value, hash: hashOf(value)) }
  }

  /// Removes a number that is there.
  @inline(__always)
  mutating func remove(_ value: Int32, hash: UInt32, hashOf: (Int32) -> UInt32) {
    var hole = Int(hash) & mask
    while slots[hole] != value {
      precondition(slots[hole] >= 0, "removing a number that was never added")
      hole = (hole + 1) & mask
    }
    var at = hole
    while true {
      at = (at + 1) & mask
      let next = slots[at]
      if next < 0 { break }
      let home = Int(hashOf(next)) & mask
      // The entry may move into the hole only if its home is not between the hole and its place.
      let distanceFromHome = (at - home) & mask
      let distanceFromHole = (at - hole) & mask
      if distanceFromHome >= distanceFromHole {
        slots[hole] = next
        hole = at
      }
    }
    slots[hole] = -1
    count -= 1
  }
}
