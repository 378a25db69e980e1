/// Makes batches of what a watch stream of etcd says: one for each commit, whole. A pure state machine.
///
/// Etcd cuts what is large into fragments, which may cut a commit; its rest comes in the next message.
struct EtcdChangeGatherer {
  private let names: EtcdNames
  /// The last commit that was given out whole.
  private(set) var last: StoreRevision
  private var open = StoreChanges(revision: .zero, changes: [])

  init(_ names: EtcdNames, after revision: StoreRevision) {
    self.names = names
    last = revision
  }

  /// The commits that are whole with this message.
  mutating func take(_ message: Etcd.WatchResponse) -> [StoreChanges] {
    var whole: [StoreChanges] = []
    for event in message.events ?? [] {
      guard let pair = event.kv, let key = names.key(pair.key) else { continue }
      let revision = StoreRevision(rawValue: pair.modRevision?.value ?? 0)
      guard revision > last else { continue }
      if revision != open.revision {
        close(&whole)
        open.revision = revision
      }
      if event.type == "DELETE" {
        open.changes.append(.deleted(key))
      } else if let entry = names.entry(pair) {
        open.changes.append(.put(entry))
      }
    }
    if message.fragment != true { close(&whole) }
    return whole
  }

  private mutating func close(_ whole: inout [StoreChanges]) {
    guard !open.changes.isEmpty else { return }
    open.changes.sort { $0.key < $1.key }
    last = open.revision
    whole.append(open)
    open = StoreChanges(revision: .zero, changes: [])
  }
}
