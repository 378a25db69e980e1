import Foundation
import HotReloadFleet
import Synchronization
import SystemPackage

/// Takes the bundles of a source, or does not, and looks whether their folders are there.
final class Taker: Sendable {
  struct NotGood: Error, CustomStringConvertible { var description = "the bundle is not good" }

  private struct State {
    var offered: [BundleDigest] = []
    var taken: [BundleDigest] = []
    var refuses = false
    var defers = false
  }

  private let state = Mutex(State())

  var offered: [BundleDigest] { state.withLock { $0.offered } }
  var taken: [BundleDigest] { state.withLock { $0.taken } }
  var refuses: Bool {
    get { state.withLock { $0.refuses } }
    set { state.withLock { $0.refuses = newValue } }
  }
  var defers: Bool {
    get { state.withLock { $0.defers } }
    set { state.withLock { $0.defers = newValue } }
  }

  func take(_ bundle: ContentBundle, _ folder: FilePath) throws {
    try state.withLock { state in
      state.offered.append(bundle.digest)
      if state.defers { throw RemoteBundleDeferral("later") }
      if state.refuses { throw NotGood() }
      let path = folder.appending(bundle.files[0].path).string
      guard FileManager.default.contents(atPath: path) == Data(bundle.files[0].bytes) else {
        throw NotGood(description: "the bundle is not in its folder")
      }
      state.taken.append(bundle.digest)
    }
  }
}

/// Something that happened, or not.
final class Flag: Sendable {
  private let state = Mutex(false)

  var isSet: Bool { state.withLock { $0 } }

  func set() { state.withLock { $0 = true } }
}
