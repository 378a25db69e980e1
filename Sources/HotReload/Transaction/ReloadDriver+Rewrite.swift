import WorkspaceTools

extension ReloadDriver {
  /// Has the files of a unit written between two transactions, and loads them in the next one, with whatever else has
  /// changed by then. So no transaction loads some of them before and some after.
  ///
  /// - Parameter write: gets the generation in force; runs on the worker thread, which waits for it.
  /// - Throws: `paused`, and then nothing is written; what `write` throws, and then nothing is loaded; `shutDown`.
  func rewrite(
    _ unit: UnitID, _ write: @escaping @Sendable (_ generation: UInt64) throws -> Void
  ) async throws -> ReloadReport {
    let candidate = ClassifiedCandidate(
      producers: [.restore], units: [unit], origins: origins)
    return try await withJob { waiter, done in
      defer { done() }
      guard !self.state.withLock({ $0.machine.isPaused }) else {
        return waiter.resume(throwing: HotReloadError.paused)
      }
      do { try write(self.cell.storage.generation) } catch { return waiter.resume(throwing: error) }
      self.step(.submit(candidate, self.ticket(for: waiter)))
    }
  }
}
