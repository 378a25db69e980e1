import HotReloadFleet

/// What every ``FleetStore`` must keep, as checks that any test framework can run.
///
/// ```swift
/// @Test(arguments: StoreConformance.checks)
/// func `My store keeps what a fleet's store promises`(_ check: StoreConformance.Check) async throws {
///   try await check.run(StoreFactory { place in try await MyStore(place) })
/// }
/// ```
/// Each check opens a place of its own, and throws a ``Failure`` that says what was expected and what came.
public enum StoreConformance {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// What is promised.
    public let description: String
    private let body: @Sendable (Bench) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (Bench) async throws -> Void) {
      self.description = description
      self.body = body
    }

    /// Runs the check on a new place, and closes what it opened.
    /// - Throws: ``Failure``, or what the store throws where it should not.
    public func run(_ factory: StoreFactory) async throws {
      let place = "conformance-\(StoreOperationID())"
      let store = try await factory.open(place)
      do {
        try await body(Bench(factory: factory, place: place, store: store))
      } catch {
        await store.close()
        throw error
      }
      await store.close()
    }
  }

  /// A promise that was not kept.
  public struct Failure: Error, CustomStringConvertible {
    /// What was expected, and what came.
    public var description: String
    /// Where that was asked for.
    public var fileID: String
    /// The line in it.
    public var line: Int
  }

  /// All checks.
  public static let checks: [Check] =
    commits + ranges + limits + watches + leases + operations + concurrency + closing
}

/// What a check works with.
struct Bench: Sendable {
  var factory: StoreFactory
  var place: String
  var store: any FleetStore

  func expect(
    _ condition: Bool, _ message: @autoclosure () -> String, fileID: String = #fileID,
    line: Int = #line
  ) throws {
    guard !condition else { return }
    throw StoreConformance.Failure(description: message(), fileID: fileID, line: line)
  }

  func expectEqual<Value: Equatable>(
    _ value: Value, _ expected: Value, _ what: String, fileID: String = #fileID,
    line: Int = #line
  ) throws {
    try expect(
      value == expected, "\(what): expected \(expected), found \(value)", fileID: fileID,
      line: line)
  }

  /// Expects an error of this kind.
  func expectError(
    _ code: StoreError.Code, _ what: String, fileID: String = #fileID, line: Int = #line,
    _ body: () async throws -> Void
  ) async throws {
    do {
      try await body()
    } catch let error as StoreError {
      return try expectEqual(
        error.code, code, "\(what) (it said: \(error))", fileID: fileID, line: line)
    }
    throw StoreConformance.Failure(
      description: "\(what): expected the error \(code), and there was none", fileID: fileID,
      line: line)
  }

  /// Commits, and expects that it is made.
  @discardableResult
  func make(
    if conditions: [StoreCondition] = [], _ mutations: StoreMutation..., fileID: String = #fileID,
    line: Int = #line
  ) async throws -> StoreRevision {
    try await make(StoreTransaction(if: conditions, then: mutations), fileID: fileID, line: line)
  }

  @discardableResult
  func make(
    _ transaction: StoreTransaction, fileID: String = #fileID, line: Int = #line
  ) async throws -> StoreRevision {
    let outcome = try await store.commit(transaction)
    guard case .succeeded(let revision) = outcome else {
      throw StoreConformance.Failure(
        description: "a transaction was to be made, and its outcome is \(outcome)", fileID: fileID,
        line: line)
    }
    return revision
  }

  /// Commits, and expects that a condition does not hold.
  func conflict(
    if conditions: [StoreCondition], _ mutations: StoreMutation..., fileID: String = #fileID,
    line: Int = #line
  ) async throws -> StoreConflict {
    let outcome = try await store.commit(StoreTransaction(if: conditions, then: mutations))
    guard case .conflict(let conflict) = outcome else {
      throw StoreConformance.Failure(
        description: "a transaction was to meet a conflict, and its outcome is \(outcome)",
        fileID: fileID, line: line)
    }
    return conflict
  }

  func keys(_ range: StoreRange) async throws -> [StoreKey] {
    try await store.read(range).entries.map(\.key)
  }

  /// The next batches of a watch, so many; other events but `compacted` are passed over.
  func batches(
    _ count: Int, _ iterator: inout StoreWatch.Iterator, fileID: String = #fileID,
    line: Int = #line
  ) async throws -> [StoreChanges] {
    var batches: [StoreChanges] = []
    while batches.count < count {
      switch try await iterator.next() {
      case .changes(let batch): batches.append(batch)
      case .current, .interrupted: break
      case .compacted, nil:
        throw StoreConformance.Failure(
          description: "a watch ended after \(batches.count) of \(count) batches", fileID: fileID,
          line: line)
      }
    }
    return batches
  }
}
