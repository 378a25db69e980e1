public import HotReload
public import ServiceLifecycle
import Synchronization
public import WorkspaceTools

/// Keeps what the page at `/_hotreload/` shows: the last transactions, the requests around them, and how everything is.
///
/// It knows of the reloads since it was made, and takes them in while ``run()`` lasts, so it belongs into the program's
/// service group. All other functions may be called from any thread or task, also before and after that.
public final class Dashboard: Service, Sendable {
  /// What it shows beside the manager itself.
  public struct Sources: Sendable {
    /// The templates.
    public var templates: TemplateGraphSource?
    /// The assets.
    public var assets: AssetListSource?
    /// Sections of their own, such as the fleet.
    public var sections: [any StatusSource]

    /// Creates them.
    public init(
      templates: TemplateGraphSource? = nil, assets: AssetListSource? = nil,
      sections: [any StatusSource] = []
    ) {
      self.templates = templates
      self.assets = assets
      self.sections = sections
    }
  }

  /// How often a page without news is told that the connection still stands.
  public static let heartbeat = Duration.seconds(15)
  /// How much of the requests is shown as the present, in nanoseconds: one minute.
  static let present: Int64 = 60_000_000_000
  /// How many slices of the timer are one of the present's: a bar for each half second.
  static let presentMerging: Int64 = 5
  /// How many excerpts are read for one transaction.
  static let excerptLimit = 10

  /// The manager whose work is shown.
  public let manager: HotReloadManager
  /// Counts the requests; give it to a ``RequestTimerMiddleware``.
  public let timer: RequestTimer

  let news = DashboardNews()
  private let sources: Sources
  private let excerpts: ExcerptReader
  private let rules: RedactionRules
  private let now: @Sendable () -> Int64
  private let sleep: @Sendable (Duration) async throws -> Void
  private let since: Int64
  private let feed: AsyncStream<CompletedReload>
  private let history = Mutex(DashboardHistory())

  /// Creates a dashboard.
  ///
  /// - Parameters:
  ///   - manager: whose work is shown.
  ///   - sources: what is shown beside that.
  ///   - timer: counts the requests.
  ///   - rules: the keys whose values are not shown.
  public convenience init(
    _ manager: HotReloadManager, sources: Sources = Sources(),
    timer: RequestTimer = RequestTimer(), redacting rules: RedactionRules = .default
  ) {
    self.init(
      manager, sources: sources, timer: timer, redacting: rules, clock: ContinuousClock(),
      now: { nanosecondsSince1970() })
  }

  /// The same with another clock to wait by, and another wall clock in nanoseconds since 1970, for tests.
  package init(
    _ manager: HotReloadManager, sources: Sources, timer: RequestTimer,
    redacting rules: RedactionRules, clock: some Clock<Duration>,
    now: @escaping @Sendable () -> Int64
  ) {
    self.manager = manager
    self.sources = sources
    self.timer = timer
    self.rules = rules
    self.now = now
    sleep = { try await clock.sleep(for: $0) }
    since = now()
    feed = manager.reloads()
    excerpts = ExcerptReader(root: manager.workspace.root, rules: rules)
  }

  /// Takes in what the manager does until it shuts down, the service group does, or the task is cancelled. Then pages
  /// that listen are told no more, and their answers end. Once only.
  public func run() async throws {
    let (added, signal) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await reload in self.feed.cancelOnGracefulShutdown() {
          await self.add(reload)
          signal.yield()
        }
      }
      group.addTask { await self.completeLatencies(after: added) }
      group.addTask { await self.beat() }
      await group.next()
      group.cancelAll()
    }
    signal.finish()
    news.finish()
  }

  /// The transactions, the newest first.
  public var reloads: [DashboardReload] { history.withLock { $0.reloads } }

  /// Shows a transaction.
  func add(_ completed: CompletedReload) async {
    let places = DashboardReload.places(of: completed.report).prefix(Self.excerptLimit)
    let lines = await excerpts.excerpts(around: Array(places))
    let reload = DashboardReload(completed, excerpts: lines, redacting: rules)
    guard reload.hasEffect else { return }
    history.withLock { history in
      history.add(reload)
      history.update(from: timer, now: now())
    }
    news.tell(.changed(generation: reload.generation))
  }

  /// Takes in the requests after each reload before the timer forgets them, whether or not anybody looks.
  private func completeLatencies(after added: AsyncStream<Void>) async {
    let wait = Duration.nanoseconds(DashboardHistory.surroundings + 2 * RequestTimer.slice)
    for await _ in added {
      repeat {
        do { try await sleep(wait) } catch { return }
        history.withLock { $0.update(from: timer, now: now()) }
      } while history.withLock { $0.isWaiting }
      news.tell(.changed(generation: manager.snapshot().generation))
    }
  }

  private func beat() async {
    while (try? await sleep(Self.heartbeat)) != nil { news.tell(.stillHere) }
  }
}

// MARK: What it shows

extension Dashboard {
  /// Everything, without the values of secret keys.
  /// - Parameter content: whether templates and assets are in it.
  public func document(content: Bool = true) async -> DashboardDocument {
    let status = await manager.status()
    let now = now()
    let reloads = history.withLock { history in
      history.update(from: timer, now: now)
      return history.reloads
    }
    return DashboardDocument(
      version: 1, instance: manager.configuration.instance, since: since,
      status: status.document(redacting: rules), journal: Self.journal(status.journal),
      reloads: reloads, requests: requests(until: now),
      content: content ? await self.content() : nil, sections: await sections())
  }

  /// What probes get.
  public func statusDocument() async -> StatusPageDocument {
    StatusPageDocument(
      instance: manager.configuration.instance,
      await manager.status().document(redacting: rules))
  }

  private func requests(until now: Int64) -> DashboardDocument.Requests? {
    let present = (now - Self.present)..<now
    let strip = timer.strip(present, merging: Self.presentMerging)
    guard !strip.at.isEmpty else { return nil }
    return DashboardDocument.Requests(strip: strip, summary: timer.summary(present))
  }

  private static func journal(_ health: JournalHealth?) -> DashboardDocument.Journal {
    switch health {
    case nil: DashboardDocument.Journal(isKept: false, problem: nil)
    case .healthy?: DashboardDocument.Journal(isKept: true, problem: nil)
    case .degraded(let reason)?: DashboardDocument.Journal(isKept: true, problem: reason)
    }
  }

  /// Templates and assets, as many as are shown.
  /// - Parameter text: which must stand in their paths, in upper or lower case; nil for all.
  func content(matching text: String? = nil) async -> DashboardDocument.Content {
    let wanted = text?.lowercased() ?? ""
    func isWanted(_ path: String) -> Bool {
      wanted.isEmpty || path.lowercased().contains(wanted)
    }
    let templates = await sources.templates?.read().filter { isWanted($0.path) }
    let assets = await sources.assets?.read().filter { isWanted($0.path) }
    // A broken one must be seen, however many there are.
    let shownTemplates = templates?.sorted {
      (($0.problem == nil ? 1 : 0), $0.path) < (($1.problem == nil ? 1 : 0), $1.path)
    }.prefix(TemplateGraphSource.limit).sorted { $0.path < $1.path }
    let shownAssets = assets?.sorted { $0.path < $1.path }.prefix(AssetListSource.limit)
    let counts = (templates?.count ?? 0, assets?.count ?? 0)
    return DashboardDocument.Content(
      templates: shownTemplates, assets: shownAssets.map(Array.init), templateCount: counts.0,
      assetCount: counts.1,
      leftOut: counts.0 + counts.1 - (shownTemplates?.count ?? 0) - (shownAssets?.count ?? 0))
  }

  private func sections() async -> [DashboardDocument.Section] {
    var sections: [DashboardDocument.Section] = []
    let variants = VariantsSection(manager: manager)
    let table = await variants.status()
    if !table.rows.isEmpty {
      sections.append(DashboardDocument.Section(name: variants.name, table: table))
    }
    for source in sources.sections {
      var table = await source.status()
      for index in table.fields.indices where rules.isSecret(table.fields[index].name) {
        table.fields[index].value = RedactionRules.replacement
      }
      for (column, name) in table.columns.enumerated() where rules.isSecret(name) {
        for row in table.rows.indices where column < table.rows[row].count {
          table.rows[row][column] = RedactionRules.replacement
        }
      }
      sections.append(DashboardDocument.Section(name: source.name, table: table))
    }
    return sections
  }
}
