import ArgumentParser
import FileWatching
import HotReload
import SystemPackage

/// Prints what changes. Avoids Foundation and everything about configs, so that it starts fast and stays small.
struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Prints the files that changed, each time they have settled.",
    discussion: """
      Prints one line for each file that was created, modified, deleted or renamed, relative to the root. A file \
      that is still being written is waited for, and a file that did not really change is not printed. Nothing is \
      lost: if the kernel drops events, everything is compared again, and a line says so.

      EXAMPLES
        hotreload watch
        hotreload watch --root /etc/nginx --include '**/*.conf'
        hotreload watch --include config/app.toml   (one file, links followed)
        hotreload watch --format tsv | while IFS=$'\\t' read -r _ change path
          do echo "$change $path"; done

      GLOBS
        ** any folders, * within a name, ? one character, [a-z], [!a-z], {a,b}, \\ escapes. \
      An excluded folder excludes all below it. Without --exclude, **/*.tmp, **/*.swp, \
      **/*~ and **/.* are left out.

      JSON LINES (time: ns since 1970)
        {"event":"ready","time":N,"backend":"inotify","root":"/...",
         "directories":N,"files":N}
        {"event":"change","time":N,"set":N,"path":"config/app.toml",
         "change":"modified"}
        {"event":"rescanned","time":N,"reason":"overflow"}
        {"event":"degraded","time":N,"path":"...","reason":"..."}
      The change is created, modified, deleted, renamed (with "from") or subtreeChanged: \
      too much to name, list the folder again. Files with the same set settled together. \
      There are also the events unreadable and restored. A name that is not UTF-8 has U+FFFD \
      in "path" and its bytes in base64 in "pathBytes".

      TSV LINES
        0<TAB>change<TAB>absolute path
      A rename is two lines, deleted and created. Names are as they are, except \\n for a \
      newline, \\t for a tab and \\\\ for a backslash. Other lines tell about the watching: \
      rescanned:overflow, rescanned:rootChanged, degraded, unreadable, restored.
      """)

  @OptionGroup var folder: RootOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var watching: WatchingOptions

  @Option(help: ArgumentHelp("Which files to report (default **). Repeatable.", valueName: "glob"))
  var include: [String] = []

  @Option(
    help: ArgumentHelp("Which files and folders to leave out. Repeatable.", valueName: "glob"))
  var exclude: [String] = []

  @Flag(help: "Leave nothing out, not even hidden files.")
  var noExclude = false

  func validate() throws {
    if noExclude && !exclude.isEmpty {
      throw ValidationError("--no-exclude and --exclude contradict each other.")
    }
  }

  func run() async throws {
    let ending = await Ending()
    let output = StandardOutput(holding: true)
    let root: FilePath
    do { root = try folder.path() } catch { throw workspaceFailure(error) }
    let renderer = ChangeSetRenderer(format: self.output.chosen, root: root)
    let subscription = subscription { set in
      do {
        try output.write(renderer.render(set, time: nanosecondsSince1970()))
        if renderer.format != .text {
          for notice in set.notices { logLine("hotreload: \(ChangeSetRenderer.sentence(notice))") }
        }
      } catch {
        ending.end(with: error)
      }
    }
    let options = watching.watcherOptions
    // Not awaited: a signal ends the command also while a large tree is still being read.
    Task {
      do {
        let watcher = try await FileWatcher.start(
          root: root, subscriptions: [subscription], options: options)
        let status = try await watcher.status()
        logLine(
          "hotreload: watching \(printable(root)): \(status.directories) folders, "
            + "\(status.files) files (\(status.backend))")
        try output.open(
          with: renderer.ready(
            backend: status.backend, directories: status.directories, files: status.files,
            time: nanosecondsSince1970()))
      } catch {
        ending.end(with: error)
      }
    }
    do { try await ending.wait() } catch { throw workspaceFailure(error) }
    output.close()
  }

  private func subscription(
    observer: @escaping @Sendable (ChangeSet) -> Void
  ) -> FileWatcher.Subscription {
    var subscription = FileWatcher.Subscription(
      include: include.isEmpty ? ["**"] : include,
      exclude: exclude.isEmpty && !noExclude ? Self.defaultExcludes : exclude,
      observer: observer)
    if let quietPeriod = watching.quietPeriod { subscription.quietPeriod = quietPeriod.duration }
    if let debounce = watching.debounce { subscription.debounce = debounce.duration }
    return subscription
  }

  /// What editors leave lying about, and hidden files.
  static let defaultExcludes = ["**/*.tmp", "**/*.swp", "**/*~", "**/.*"]
}
