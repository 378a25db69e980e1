import WorkspaceFiles

/// A name in a ``NameTable``.
struct NameID: Hashable {
  var raw: Int32
}

/// Every file and folder name of the tree, each stored once and counted.
///
/// Trees repeat names (`index.html`, `mod.ts`), and with interned names finding a child compares two
/// numbers. Names are bytes: Linux promises nothing about their encoding.
struct NameTable: ~Copyable {
  private struct Entry {
    var bytes: UnsafeMutablePointer<UInt8>?
    var length: UInt32
    var hash: UInt32
    var uses: UInt32
  }

  private var entries = ContiguousArray<Entry>()
  private var free = ContiguousArray<Int32>()
  private var index = HashIndex()

  deinit {
    for entry in entries { entry.bytes?.deallocate() }
  }

  /// The name's number, if any node uses it.
  func find(_ name: UnsafeRawBufferPointer) -> NameID? {
    let hash = Self.hash(name)
    let found = index.find(hash: hash) { matches($0, name, hash) }
    return found < 0 ? nil : NameID(raw: found)
  }

  /// The name's number; adds the name if it is new. Counts one more use.
  mutating func retain(_ name: UnsafeRawBufferPointer) -> NameID {
    let hash = Self.hash(name)
    let found = index.find(hash: hash) { matches($0, name, hash) }
    if found >= 0 {
      entries[Int(found)].uses += 1
      return NameID(raw: found)
    }
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: max(name.count, 1))
    if let base = name.baseAddress, !name.isEmpty {
      UnsafeMutableRawPointer(bytes).copyMemory(from: base, byteCount: name.count)
    }
    let entry = Entry(bytes: bytes, length: UInt32(name.count), hash: hash, uses: 1)
    let id: Int32
    if let reused = free.popLast() {
      id = reused
      entries[Int(id)] = entry
    } else {
      id = Int32(entries.count)
      entries.append(entry)
    }
    let entries = self.entries
    index.insert(id, hash: hash) { entries[Int($0)].hash }
    return NameID(raw: id)
  }

  /// Ends one use; the last one removes the name.
  mutating func release(_ id: NameID) {
    let at = Int(id.raw)
    entries[at].uses -= 1
    guard entries[at].uses == 0 else { return }
    do {
      // The copy ends with this scope: were it alive below, changing an entry would copy them all.
      let entries = self.entries
      index.remove(id.raw, hash: entries[at].hash) { entries[Int($0)].hash }
    }
    entries[at].bytes?.deallocate()
    entries[at].bytes = nil
    free.append(id.raw)
  }

  /// The name's bytes, valid until it is released for the last time.
  @inline(__always)
  func bytes(_ id: NameID) -> UnsafeRawBufferPointer {
    let entry = entries[Int(id.raw)]
    return UnsafeRawBufferPointer(start: entry.bytes, count: Int(entry.length))
  }

  @inline(__always)
  private func matches(_ id: Int32, _ name: UnsafeRawBufferPointer, _ hash: UInt32) -> Bool {
    let entry = entries[Int(id)]
    guard entry.hash == hash, Int(entry.length) == name.count else { return false }
    return UnsafeRawBufferPointer(start: entry.bytes, count: name.count).elementsEqual(name)
  }

  /// FNV-1a over the bytes (http://www.isthe.com/chongo/tech/comp/fnv/), with a final mix because the index
  /// uses the low bits.
  @inline(__always)
  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return hash ^ (hash >> 15)
  }
}
