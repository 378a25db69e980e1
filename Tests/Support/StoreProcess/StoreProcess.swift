// Stores without end, in a process that a test kills or whose disk is full:
//
//   StoreProcess FILE             commits one transaction after the other to a SQLite store; each writes the same number to two keys
//   StoreProcess bundles FOLDER   keeps one bundle after the other in a folder, each unlike the others
//   StoreProcess full FOLDER      keeps bundles until that fails, and tells how, and what is in the folder then
//
// Once something is stored, its number or digest is printed.

import Glibc
import HotReloadFleet
import SystemPackage

@main struct StoreProcess {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("bundles", 2): try await storeBundles(in: FilePath(arguments[1]))
    case ("full", 2): try await fill(FilePath(arguments[1]))
    case (_, 1): try await commit(to: FilePath(arguments[0]))
    default: exit(64)
    }
  }

  private static func commit(to file: FilePath) async throws {
    let store = try await SQLiteStore.open(file)
    let first = try await store.read("left").map { Int(String(decoding: $0.value, as: UTF8.self)) }
    for number in ((first ?? 0) ?? 0) + 1...Int.max {
      let value = Array(String(number).utf8)
      _ = try await store.commit(
        StoreTransaction(then: [.put("left", value), .put("right", value)]))
      tell("\(number)")
    }
  }

  private static func storeBundles(in folder: FilePath) async throws {
    let folders = BundleFolders(at: folder)
    for number in 0...Int.max {
      let bundle = try bundle(number, bytes: 1_000)
      _ = try await folders.store(bundle)
      tell(bundle.digest.rawValue)
    }
  }

  private static func fill(_ folder: FilePath) async throws {
    let folders = BundleFolders(at: folder)
    var kept: Set<BundleDigest> = []
    do {
      for number in 0...1_000 {
        let bundle = try bundle(number, bytes: 50_000)
        _ = try await folders.store(bundle)
        kept.insert(bundle.digest)
      }
    } catch {
      tell((error as? BundleError)?.code.description ?? "\(error)")
    }
    var found: Set<BundleDigest> = []
    guard let names = opendir(folder.string) else { exit(1) }
    while let entry = readdir(names) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { found.insert(BundleDigest(rawValue: name)) }
    }
    closedir(names)
    for digest in kept where try await folders.folder(of: digest) == nil { tell("lost \(digest)") }
    tell(found == kept ? "whole" : "left over: \(found.subtracting(kept))")
  }

  private static func bundle(_ number: Int, bytes: Int) throws -> ContentBundle {
    try ContentBundle(
      files: (0..<4).map { file in
        ContentBundle.File(
          path: "config/sub\(file)/f.toml",
          bytes: Array("n = \(number)\n".utf8) + [UInt8](repeating: 35, count: bytes))
      })
  }

  private static func tell(_ text: String) {
    let line = Array("\(text)\n".utf8)
    if line.withUnsafeBytes({ write(1, $0.baseAddress, $0.count) }) != line.count { exit(1) }
  }
}
