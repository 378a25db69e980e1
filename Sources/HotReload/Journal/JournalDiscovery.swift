import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Takes a journal's folder, and finds out what is in it. Blocking.
struct JournalDiscovery {
  /// The folder, if it could be had.
  let folder: JournalFolder?
  /// Why it could not.
  let problem: String?
  let opening: JournalOpening
  /// What the lines and the burials say.
  let state: JournalState
  /// What has to be written because of runs that died.
  let burials: [JournalEntry.Event]
  /// Whether the file ends within a line.
  let isTorn: Bool
  /// Whether the file should be written anew.
  let needsRewrite: Bool

  init(workspace: Workspace, options: JournalOptions) {
    var failure: JournalFolder.Failure?
    do throws(JournalFolder.Failure) {
      folder = try JournalFolder.claim(options.instance, in: workspace)
    } catch {
      folder = nil
      failure = error
    }
    problem = failure?.description
    var opening = JournalOpening(folder: folder?.path)
    var scan = JournalScan([])
    // What may be another living process's is not looked at.
    if failure?.isBusy != true, InstanceName.isValid(options.instance) {
      let path = folder?.path ?? JournalFolder.path(of: options.instance, in: workspace)
      let journal = JournalFolder.journal(in: path)
      do {
        scan = try JournalScan(reading: journal)
      } catch {
        opening.findings.append("\(journal) cannot be read: \(error); it is taken for empty")
      }
      opening.findings += scan.findings(in: journal)
    }
    var state = scan.state
    opening.endedCleanly = state.endedCleanly
    burials = state.burials()
    for event in burials {
      if case .quarantined(let key, _) = event { opening.newlyQuarantined.append(key) }
      state.apply(event)
    }
    if let folder {
      Self.findLastGood(state, of: workspace.environment.name, in: folder.path, &opening)
    }
    for quarantine in state.quarantined.values.joined() {
      opening.quarantined[quarantine.key] = quarantine.reason
    }
    for (key, runs) in state.deaths { opening.deaths[key] = runs.count }
    // What cannot be counted on from there cannot have been written by this program.
    opening.nextGeneration = min(state.highestGeneration, UInt64(Int64.max)) + 1
    self.opening = opening
    self.state = state
    isTorn = scan.isTorn
    needsRewrite =
      !scan.garbage.isEmpty || scan.bytes.count > options.limits.maximumFileSize
      || scan.lines.count > options.limits.maximumEntries
  }

  private static func findLastGood(
    _ state: JournalState, of environment: String, in folder: FilePath,
    _ opening: inout JournalOpening
  ) {
    let blobs = BlobStore(folder: JournalFolder.blobs(in: folder))
    for (unit, contents) in state.lastGood.sorted(by: { $0.key < $1.key }) {
      // Another environment has other layers: what is good there is not known to be good here.
      for content in contents.reversed() where content.environment == environment {
        do {
          _ = try blobs.layers(of: content)
          opening.lastGood[unit] = content
          break
        } catch {
          opening.findings.append(
            "the last good \(unit) of generation \(content.generation) is lost: \(error)")
        }
      }
    }
  }
}
