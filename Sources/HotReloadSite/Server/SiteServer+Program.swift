import HotReloadBrowser
public import HotReloadProcess

extension SiteServer {
  /// Lets browsers and waiting requests know what becomes of the program behind the server.
  ///
  /// While it is being built and started again, requests wait; what the compiler says is shown over the pages; and when it answers
  /// again, they are made anew.
  public func follow(_ event: SupervisorEvent) {
    switch event {
    case .building: build?.update(.building(since: .now))
    case .buildFailed(let reason, let output):
      build?.update(
        .failed(output: (["the build failed: \(reason)"] + output).joined(separator: "\n")))
    case .started(_, let run):
      build?.update(.idle)
      if run > 1 { proxy?.expectReturn() }
    case .startFailed(let error): build?.update(.failed(output: "\(error)"))
    // What waits would wait for nothing.
    case .exited, .gaveUp: build?.update(.idle)
    default: break
    }
  }
}
