extension BuildMonitor {
  /// A monitor that tells the pages of each build.
  public convenience init(_ state: BuildState = .idle, announcingTo live: LiveReload) {
    self.init(state) { state in
      switch state {
      case .building: live.announce(.building)
      case .idle: live.announce(.built(ok: true, output: nil))
      case .failed(let output): live.announce(.built(ok: false, output: output))
      }
    }
  }
}

extension LiveReload {
  /// Tells all pages that anything may have changed: a program behind a proxy answers again.
  public func announceReturn() {
    announce(.update(.init(generation: manager.snapshot().generation, all: true)))
  }
}
