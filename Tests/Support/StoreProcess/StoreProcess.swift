// Commits one transaction after the other to a SQLite store, in a process that a test kills:
//
//   StoreProcess FILE
//
// Each writes the same number to two keys. Once a commit has returned, its number is printed.

import Glibc
import HotReloadFleet
import SystemPackage

@main struct StoreProcess {
  static func main() async throws {
    guard CommandLine.arguments.count == 2 else { exit(64) }
    let store = try await SQLiteStore.open(FilePath(CommandLine.arguments[1]))
    let first = try await store.read("left").map { Int(String(decoding: $0.value, as: UTF8.self)) }
    for number in ((first ?? 0) ?? 0) + 1...Int.max {
      let value = Array(String(number).utf8)
      _ = try await store.commit(
        StoreTransaction(then: [.put("left", value), .put("right", value)]))
      let line = Array("\(number)\n".utf8)
      if line.withUnsafeBytes({ write(1, $0.baseAddress, $0.count) }) != line.count { exit(1) }
    }
  }
}
