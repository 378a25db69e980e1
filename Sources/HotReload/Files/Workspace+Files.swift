import WorkspaceFiles
public import WorkspaceTools

extension Workspace {
  /// Reads all templates or assets once, without watching anything: what a manager with this configuration would load.
  ///
  /// - Parameter unit: ``UnitID/templates`` or ``UnitID/assets``; of any other the set is empty.
  /// - Throws: ``HotReloadError`` with the code `invalidPattern`, or `configRejected` if files cannot be read.
  public func loadFiles(
    of unit: UnitID, configuration: HotReloadConfiguration = HotReloadConfiguration()
  ) async throws -> FileSet {
    let filter = try configuration.filter()
    let loader = ConfigLoader(workspace: self, options: configuration.loadOptions)
    let sets = FileSets(root: root, filter: filter)
    sets.add(
      unit,
      by: Classifier(
        configs: WorkspaceConfigSource(loader: loader, filter: filter), groups: FileGroups(),
        sets: sets))
    guard let reader = sets.reader(of: unit, in: nil) else { return FileSet() }
    let result = try await BlockingExecutor.shared.run { reader.read(nil) }
    switch result {
    case .content(let content): return content.set ?? FileSet()
    case .rejected(let diagnostics): throw HotReloadError.rejected(unit, diagnostics)
    case .absent(let diagnostic): throw HotReloadError.rejected(unit, [diagnostic])
    }
  }
}
