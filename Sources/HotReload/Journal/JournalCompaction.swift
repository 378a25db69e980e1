import WorkspaceFiles

/// Makes a journal's file anew, without what need not be kept any longer.
struct JournalCompaction {
  /// The new file. It says the same of generations, attempts, quarantine and last good contents.
  let content: [UInt8]
  /// The bytes that the kept lines need.
  let digests: Set<ContentDigest>

  /// - Parameter now: nanoseconds since 1970.
  init(_ scan: JournalScan, limits: JournalLimits, now: Int64) {
    let state = scan.state
    let oldest = now.subtractingClamped(limits.maximumAge.nanosecondsClamped)
    var kept: [Int] = []
    var digests: Set<ContentDigest> = []
    var room = Room(
      entries: max(0, limits.maximumEntries), bytes: max(0, limits.maximumFileSize / 2),
      content: max(0, limits.maximumContentSize))
    let needed = Self.needed(scan, state)
    for index in needed {
      room.take(scan.lines[index], &digests)
      kept.append(index)
    }
    for index in scan.lines.indices.reversed() where !needed.contains(index) {
      let line = scan.lines[index]
      switch line.entry?.event {
      // What is over tells nothing any more, and the last good ones are among those that were applied.
      case .attemptBegun, .attemptClosed, .attemptDied, .lastGood, .generation: continue
      default: break
      }
      guard line.entry.map({ $0.nanoseconds >= oldest }) ?? true else { continue }
      guard room.hasRoom(for: line, digests) else { break }
      room.take(line, &digests)
      kept.append(index)
    }
    self.digests = digests
    content = Self.write(kept.sorted(), of: scan, state, now)
  }

  private static func write(
    _ kept: [Int], of scan: JournalScan, _ state: JournalState, _ now: Int64
  ) -> [UInt8] {
    var content = JournalEntry(
      nanoseconds: now, event: .generation(state.highestGeneration)
    ).line
    for index in kept {
      let line = scan.lines[index]
      if let entry = line.entry, case .attemptDied(let id, let units) = entry.event {
        // What showed since that some of them are good is perhaps not kept.
        let event = JournalEntry.Event.attemptDied(
          id, units: units.filter { state.counts(death: id.run, of: $0) })
        content += JournalEntry(nanoseconds: entry.nanoseconds, event: event).line
      } else {
        content += scan.bytes[line.range]
        content.append(UInt8(ascii: "\n"))
      }
    }
    return content
  }

  /// The lines without which the state would be another one.
  private static func needed(_ scan: JournalScan, _ state: JournalState) -> Set<Int> {
    let open = Set(state.open.map(\.id))
    let lastGood = Set(state.lastGood.values.joined())
    var quarantined = Set(state.quarantined.values.joined().map(\.key))
    var hasStart = false
    var needed: Set<Int> = []
    for index in scan.lines.indices.reversed() {
      switch scan.lines[index].entry?.event {
      case .started where !hasStart:
        hasStart = true
        needed.insert(index)
      case .stopped where !hasStart: needed.insert(index)
      case .attemptBegun(let id, _, _) where open.contains(id): needed.insert(index)
      case .attemptDied(let id, let units)
      where units.contains(where: { state.counts(death: id.run, of: $0) }):
        needed.insert(index)
      case .lastGood(let content) where lastGood.contains(content): needed.insert(index)
      case .quarantined(let key, _) where quarantined.remove(key) != nil: needed.insert(index)
      default: break
      }
    }
    return needed
  }

  /// What is left of the limits.
  private struct Room {
    var entries: Int
    var bytes: Int
    var content: Int

    func hasRoom(for line: JournalScan.Line, _ digests: Set<ContentDigest>) -> Bool {
      let new = line.files.reduce(0) { digests.contains($1.digest) ? $0 : $0 + $1.size }
      return entries > 0 && bytes >= line.range.count && content >= new
    }

    mutating func take(_ line: JournalScan.Line, _ digests: inout Set<ContentDigest>) {
      entries -= 1
      bytes -= line.range.count + 1
      for file in line.files where digests.insert(file.digest).inserted { content -= file.size }
    }
  }
}

extension JournalScan.Line {
  /// The files that the line refers to.
  fileprivate var files: [RecordedContent.File] {
    switch entry?.event {
    case .applied(let content), .lastGood(let content): content.files
    default: []
    }
  }
}
