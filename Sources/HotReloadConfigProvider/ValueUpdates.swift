import Configuration
import WorkspaceTools

/// The value of one key as one type: what is in force, and then each real change of it.
struct ValueUpdates: AsyncSequence, Sendable {
  typealias Element = Result<LookupResult, any Error>
  typealias Failure = Never

  let versions: ConfigVersions
  let key: AbsoluteConfigKey
  let type: ConfigType
  let reader: ValueReader

  /// What a version says.
  private struct Reading {
    let tree: ConfigTree?
    let result: Element

    /// Equal trees are the same value, wherever they stand now, also if both are NaN or of a wrong type. Others may
    /// still be equal as the type that was asked for, like `1` and `1.0` as doubles.
    func isSame(as other: Reading) -> Bool {
      if tree == other.tree, tree?.origin == other.tree?.origin { return true }
      guard case .success(let value) = result, case .success(let otherValue) = other.result else {
        return false
      }
      return value == otherValue
    }
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let updates: ValueUpdates
    fileprivate var versions: ConfigVersions.AsyncIterator
    private var last: Reading?

    fileprivate init(_ updates: ValueUpdates) {
      self.updates = updates
      versions = updates.versions.makeAsyncIterator()
    }

    mutating func next() async -> Element? {
      await next(isolation: #isolation)
    }

    mutating func next(isolation actor: isolated (any Actor)?) async -> Element? {
      while let config = await versions.next(isolation: actor) {
        let reading = updates.read(config)
        if let last, reading.isSame(as: last) { continue }
        last = reading
        return reading.result
      }
      return nil
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(self)
  }

  private func read(_ config: IndexedConfig) -> Reading {
    let value = config.value(at: key.components)
    let result = Result { () throws -> LookupResult in
      try reader.value(value, forKey: key, type: type)
    }
    return Reading(tree: value?.tree, result: result)
  }
}
