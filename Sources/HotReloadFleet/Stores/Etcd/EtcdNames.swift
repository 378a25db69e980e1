import Foundation

/// How keys of the store are called in etcd: those of the fleet after `NAMESPACE/k/`, the records of transactions after
/// `NAMESPACE/o/`.
struct EtcdNames: Sendable {
  private let keys: StoreKey
  private let operations: StoreKey

  init(_ namespace: String) {
    keys = StoreKey(namespace + "/k/")
    operations = StoreKey(namespace + "/o/")
  }

  func name(_ key: StoreKey) -> Data { Data(keys.bytes + key.bytes) }

  func name(_ operation: StoreOperationID) -> Data { Data(operations.bytes + operation.bytes) }

  /// The key of a name; nil for one that is not of the fleet.
  func key(_ name: Data?) -> StoreKey? {
    guard let name, name.starts(with: keys.bytes) else { return nil }
    return StoreKey(name.dropFirst(keys.bytes.count))
  }

  /// The names of a range. For one without keys, a name that nothing has: etcd takes no empty range.
  func names(_ range: StoreRange) -> (start: Data, end: Data?) {
    guard !range.isEmpty else { return (Data(operations.bytes), nil) }
    let end = range.end.map { Data(keys.bytes + $0.bytes) } ?? keys.endOfPrefix?.data
    return (name(range.start), end)
  }

  func entry(_ pair: Etcd.KeyValue) -> StoreEntry? {
    guard let key = key(pair.key) else { return nil }
    let lease = pair.lease.map(\.value).flatMap { $0 == 0 ? nil : StoreLeaseID(rawValue: $0) }
    return StoreEntry(
      key: key, value: Array(pair.value ?? Data()),
      createRevision: StoreRevision(rawValue: pair.createRevision?.value ?? 0),
      modRevision: StoreRevision(rawValue: pair.modRevision?.value ?? 0), lease: lease)
  }

  func comparison(_ condition: StoreCondition) -> Etcd.Compare {
    let key = name(condition.key)
    // Etcd takes 0 for "not there"; no commit has that number.
    let number = { (revision: StoreRevision) in
      EtcdInteger(revision > .zero ? revision.rawValue : -1)
    }
    switch condition.requirement {
    case .absent: return Etcd.Compare(target: "CREATE", key: key, createRevision: 0)
    case .present:
      return Etcd.Compare(result: "GREATER", target: "CREATE", key: key, createRevision: 0)
    case .created(let revision):
      return Etcd.Compare(target: "CREATE", key: key, createRevision: number(revision))
    case .modified(let revision):
      return Etcd.Compare(target: "MOD", key: key, modRevision: number(revision))
    case .value(let value):
      return Etcd.Compare(target: "VALUE", key: key, value: Data(value))
    }
  }

  func operation(_ mutation: StoreMutation) -> Etcd.Operation {
    switch mutation {
    case .put(let key, let value, let lease):
      return Etcd.Operation(
        requestPut: Etcd.PutRequest(
          key: name(key), value: Data(value), lease: lease.map { EtcdInteger($0.rawValue) }))
    case .delete(let key):
      return Etcd.Operation(requestDeleteRange: Etcd.DeleteRequest(key: name(key)))
    }
  }
}
