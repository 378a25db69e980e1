import FileWatching
import Glibc
import HotReload
import SystemPackage

/// Turns what a watcher reports into lines of one format. Pure: the same input gives the same bytes.
struct ChangeSetRenderer: Sendable {
  /// How lines look.
  let format: OutputFormat
  /// The root's absolute path, as its user named it.
  let root: FilePath

  /// The line that says that watching has begun; empty for tsv, whose lines are all about paths.
  func ready(backend: String, directories: Int, files: Int, time: Int64) -> [UInt8] {
    switch format {
    case .json:
      var line = JSONLine(event: "ready", time: time)
      line.add("backend", backend)
      line.add("root", path: root)
      line.add("directories", directories)
      line.add("files", files)
      return line.finished()
    case .text, .tsv: return []
    }
  }

  /// All lines of a set.
  func render(_ set: ChangeSet, time: Int64) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(128 * (set.changes.count + set.notices.count))
    for notice in set.notices { append(notice, time: time, to: &output) }
    for change in set.changes {
      switch format {
      case .json: output += json(change, set: set.number, time: time)
      case .tsv: appendColumns(change, to: &output)
      case .text: output += text(change, time: time)
      }
    }
    return output
  }

  private func json(_ change: FileChange, set: UInt64, time: Int64) -> [UInt8] {
    var line = JSONLine(event: "change", time: time)
    line.add("set", set)
    line.add("path", path: change.path)
    switch change.kind {
    case .created: line.add("change", "created")
    case .modified: line.add("change", "modified")
    case .deleted: line.add("change", "deleted")
    case .subtreeChanged: line.add("change", "subtreeChanged")
    case .renamed(let from):
      line.add("change", "renamed")
      line.add("from", path: from)
    }
    return line.finished()
  }

  private func appendColumns(_ change: FileChange, to output: inout [UInt8]) {
    switch change.kind {
    case .created: appendColumns("created", change.path, to: &output)
    case .modified: appendColumns("modified", change.path, to: &output)
    case .deleted: appendColumns("deleted", change.path, to: &output)
    case .subtreeChanged: appendColumns("subtreeChanged", change.path, to: &output)
    case .renamed(let from):
      appendColumns("deleted", from, to: &output)
      appendColumns("created", change.path, to: &output)
    }
  }

  private func appendColumns(_ word: StaticString, _ path: FilePath, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "0"))
    output.append(UInt8(ascii: "\t"))
    word.withUTF8Buffer { output += $0 }
    output.append(UInt8(ascii: "\t"))
    appendEscaped(pathBytes(root.pushing(path)), to: &output)
    output.append(UInt8(ascii: "\n"))
  }

  private func text(_ change: FileChange, time: Int64) -> [UInt8] {
    let path = printable(change.path)
    let what: String
    switch change.kind {
    case .created: what = "created   \(path)"
    case .modified: what = "modified  \(path)"
    case .deleted: what = "deleted   \(path)"
    case .subtreeChanged: what = "changed   \(path.isEmpty ? "." : path)/ and much below it"
    case .renamed(let from): what = "renamed   \(printable(from)) -> \(path)"
    }
    return Array("\(clockTime(time))  \(what)\n".utf8)
  }

  private func append(_ notice: WatchNotice, time: Int64, to output: inout [UInt8]) {
    switch (format, notice) {
    case (.json, .rescanned(let reason)):
      var line = JSONLine(event: "rescanned", time: time)
      line.add("reason", reason.rawValue)
      output += line.finished()
    case (.json, .degraded(let path, let failure)):
      output += json("degraded", path, failure, time: time)
    case (.json, .unreadable(let path, let failure)):
      output += json("unreadable", path, failure, time: time)
    case (.json, .restored(let path)):
      var line = JSONLine(event: "restored", time: time)
      line.add("path", path: path)
      output += line.finished()
    case (.tsv, .rescanned(.overflow)): appendColumns("rescanned:overflow", "", to: &output)
    case (.tsv, .rescanned(.rootChanged)): appendColumns("rescanned:rootChanged", "", to: &output)
    case (.tsv, .degraded(let path, _)): appendColumns("degraded", path, to: &output)
    case (.tsv, .unreadable(let path, _)): appendColumns("unreadable", path, to: &output)
    case (.tsv, .restored(let path)): appendColumns("restored", path, to: &output)
    case (.text, _): output += Array("\(clockTime(time))  \(Self.sentence(notice))\n".utf8)
    }
  }

  private func json(
    _ event: String, _ path: FilePath, _ failure: WatchFailure, time: Int64
  ) -> [UInt8] {
    var line = JSONLine(event: event, time: time)
    line.add("path", path: path)
    line.add("reason", failure.description)
    return line.finished()
  }

  /// A notice for people.
  static func sentence(_ notice: WatchNotice) -> String {
    switch notice {
    case .rescanned(.overflow):
      "rescanned: the kernel's queue was full, so everything was compared again"
    case .rescanned(.rootChanged):
      "rescanned: the root, or a folder above it, was replaced or came back"
    case .degraded(let path, let failure): "degraded  \(folder(path)): \(failure)"
    case .unreadable(let path, let failure): "unreadable \(folder(path)): \(failure)"
    case .restored(let path): "restored  \(folder(path)) is watched again"
    }
  }

  private static func folder(_ path: FilePath) -> String {
    path.isEmpty ? "the root" : printable(path)
  }
}

/// Appends the bytes with newline, tab and backslash as `\n`, `\t` and `\\`, and all others as they are, so that a line
/// stays a line and can be taken apart again.
func appendEscaped(_ bytes: [UInt8], to output: inout [UInt8]) {
  for byte in bytes {
    switch byte {
    case UInt8(ascii: "\n"): output += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
    case UInt8(ascii: "\t"): output += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
    case UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
    default: output.append(byte)
    }
  }
}

/// A path for a terminal: no control characters, so that a file's name cannot write anything else there.
func printable(_ path: FilePath) -> String {
  printable(String(decoding: pathBytes(path), as: UTF8.self))
}

/// Text for a terminal: control characters as escapes.
func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// The local time of day with milliseconds.
func clockTime(_ nanoseconds: Int64) -> String {
  var seconds = time_t(nanoseconds / 1_000_000_000)
  var parts = tm()
  localtime_r(&seconds, &parts)
  func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let milliseconds = String(1_000 + nanoseconds / 1_000_000 % 1_000).dropFirst()
  return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)"
}
