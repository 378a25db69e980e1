import Foundation
import Glibc

/// Changes the files of the workspace's `config` folder in the ways that people and programs do.
struct WorkspaceEditor {
  /// The `config` folder.
  let folder: String

  /// The text of a good `server.toml`.
  static func document(
    greeting: String, logLevel: String = "info", maxBodyBytes: Int = 65_536, port: UInt16 = 0
  ) -> String {
    """
    greeting = "\(greeting)"
    logLevel = "\(logLevel)"
    debug = false
    host = "127.0.0.1"
    port = \(port)

    [limits]
    maxConnections = 1000
    maxBodyBytes = \(maxBodyBytes)

    """
  }

  /// Writes beside and renames over it, as most programs and editors do. Returns when it was in place.
  func replace(_ name: String, with text: String) throws -> ContinuousClock.Instant {
    let temporary = "\(folder)/\(name).tmp"
    try write(text, to: temporary)
    return try moved(temporary, over: "\(folder)/\(name)")
  }

  /// Empties the file, waits, and writes it in two halves, as a simple editor may. Returns when it was closed.
  func rewriteInPlace(_ name: String, with text: String) throws -> ContinuousClock.Instant {
    let descriptor = open("\(folder)/\(name)", O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { throw BrokenPromise("cannot write \(name): errno \(errno)") }
    let bytes = Array(text.utf8)
    for half in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] {
      let written = half.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard written == half.count else {
        close(descriptor)
        throw BrokenPromise("cannot write \(name): errno \(errno)")
      }
      block(.milliseconds(30))
    }
    close(descriptor)
    return ContinuousClock.now
  }

  /// Removes a file. Returns when it was gone.
  func remove(_ name: String) throws -> ContinuousClock.Instant {
    guard unlink("\(folder)/\(name)") == 0 else {
      throw BrokenPromise("cannot remove \(name): errno \(errno)")
    }
    return ContinuousClock.now
  }

  /// Puts a new version into the folder as Kubernetes does with a ConfigMap: a folder with all files, then one rename of the
  /// link `..data` to it. The first time `server.toml` becomes a link through `..data`.
  func swapConfigMap(version: Int, text: String) throws -> ContinuousClock.Instant {
    let name = "..version_\(version)"
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
    try write(text, to: "\(folder)/\(name)/server.toml")
    try link(to: name, as: "\(folder)/..data_tmp")
    let isFirst = version == 1
    let swapped = try moved("\(folder)/..data_tmp", over: "\(folder)/..data")
    if !isFirst { return swapped }
    try link(to: "..data/server.toml", as: "\(folder)/server.toml.tmp")
    return try moved("\(folder)/server.toml.tmp", over: "\(folder)/server.toml")
  }

  private func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  private func link(to target: String, as path: String) throws {
    guard symlink(target, path) == 0 else {
      throw BrokenPromise("cannot make the link \(path): errno \(errno)")
    }
  }

  private func moved(_ from: String, over path: String) throws -> ContinuousClock.Instant {
    guard rename(from, path) == 0 else {
      throw BrokenPromise("cannot rename \(from): errno \(errno)")
    }
    return ContinuousClock.now
  }
}
