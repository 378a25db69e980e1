// Watches a folder in a process of its own, so that a test can watch as another user, or in a namespace with
// other limits and mounts. Commands come by lines on the input, answers go by lines to the output:
//
//   sync          -> the sets that it delivered, then "synced PENDING…"
//   status        -> "status DIRECTORIES FILES WATCHES DEGRADED"
//   open PATH     -> "errno N": what this process gets when it opens that folder; 0 if it may
//
// A set is "set N", its "change KIND PATH" and "notice TEXT" lines, and "end". Fields of a line are separated
// by tabs. The process ends at the end of its input.

import FileWatching
import Glibc
import SystemPackage

/// Writes a block of lines in one piece, since the watcher's thread and the main thread both write.
@Sendable func send(_ lines: [String]) {
  let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeBytes { write(1, $0.baseAddress! + done, bytes.count - done) }
    if count <= 0 { exit(1) }
    done += count
  }
}

@Sendable func fail(_ text: String) -> Never {
  send(["error\t\(text)"])
  exit(1)
}

func reason(_ failure: WatchFailure) -> String {
  let names = [ENOSPC: "ENOSPC", EMFILE: "EMFILE", EACCES: "EACCES"]
  return "\(names[failure.errorNumber] ?? "\(failure.errorNumber)") \(failure.description)"
}

func line(_ notice: WatchNotice) -> String {
  switch notice {
  case .rescanned(let reason): "rescanned \(reason.rawValue)"
  case .degraded(let path, let failure): "degraded \(path) \(reason(failure))"
  case .unreadable(let path, let failure): "unreadable \(path) \(reason(failure))"
  case .restored(let path): "restored \(path)"
  }
}

func line(_ change: FileChange) -> String {
  switch change.kind {
  case .created: "change\tcreated\t\(change.path)"
  case .modified: "change\tmodified\t\(change.path)"
  case .deleted: "change\tdeleted\t\(change.path)"
  case .subtreeChanged: "change\tsubtree\t\(change.path)"
  case .renamed(let from): "change\trenamed\t\(change.path)\t\(from)"
  }
}

@Sendable func report(_ set: ChangeSet) {
  send(
    ["set\t\(set.number)"] + set.changes.map(line) + set.notices.map { "notice\t\(line($0))" }
      + ["end"])
}

guard CommandLine.arguments.count == 4, let user = uid_t(CommandLine.arguments[3]) else {
  fail("usage: WatcherProcess ROOT automatic|polling USER")
}
let root = FilePath(CommandLine.arguments[1])
// After this the process may no longer do what root may.
if user != 0 && (setgroups(0, nil) != 0 || setgid(user) != 0 || setuid(user) != 0) {
  fail("cannot become user \(user): errno \(errno)")
}

do {
  let watcher = try await FileWatcher.start(
    root: root,
    subscriptions: [
      FileWatcher.Subscription(
        quietPeriod: .seconds(60), debounce: .milliseconds(5), maxWait: .seconds(120),
        observer: report)
    ],
    options: FileWatcher.Options(
      backend: CommandLine.arguments[2] == "polling" ? .polling : .automatic,
      pollInterval: .milliseconds(20)))
  send(["ready"])
  while let command = readLine() {
    let words = command.split(separator: " ", maxSplits: 1).map(String.init)
    switch words.first {
    case "sync":
      let pending = try await watcher.sync().pending
      send([(["synced"] + pending.map(\.string)).joined(separator: "\t")])
    case "status":
      let status = try await watcher.status()
      send([
        "status\t\(status.directories)\t\(status.files)\t\(status.watches)\t\(status.degraded.count)"
      ])
    case "open" where words.count == 2:
      let folder = open(root.appending(words[1]).string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      send(["errno\t\(folder < 0 ? errno : 0)"])
      if folder >= 0 { close(folder) }
    default: fail("unknown command \(command)")
    }
  }
  await watcher.stop()
} catch {
  fail("\(error)")
}
