import HotReloadBrowser
public import HotReloadProcess

extension SiteServer {
  /// Lets browsers and waiting requests know what becomes of the program behind the server.
  ///
  /// While it is being built, requests wait; what the compiler says is shown over the pages; and when it runs again, they are made
  /// anew.
  public func follow(_ event: SupervisorEvent) {
    switch event {
    case .building:
      build?.update(.building(since: .now))
      live.announce(.building)
    case .built, .brokenOff:
      build?.update(.idle)
      live.announce(.built(ok: true, output: nil))
    case .buildFailed(let reason, let output):
      let text = (["the build failed: \(reason)"] + output).joined(separator: "\n")
      build?.update(.failed(output: text))
      live.announce(.built(ok: false, output: text))
    case .started(_, let run) where run > 1: proxy?.expectReturn()
    default: break
    }
  }
}
