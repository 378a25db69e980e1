/// A config type that can tell that its values make no sense, although each has the right type.
public protocol ValidatedConfig {
  /// Throws if this value must not be used.
  ///
  /// Any error will do, and its description is shown; ``ConfigProblems`` tells of several at once, each with
  /// its key, from which the place in the file is found.
  func validate() throws
}

/// What is wrong with a config's values, for ``ValidatedConfig/validate()`` to throw.
///
/// ```swift
/// func validate() throws {
///   var problems = ConfigProblems()
///   problems.require(workers > 0, "workers", "must be above 0")
///   problems.require(minimum <= maximum, "minimum", "must not be above maximum")
///   try problems.throwIfAny()
/// }
/// ```
public struct ConfigProblems: Error, Sendable, Hashable, CustomStringConvertible {
  /// One thing that is wrong.
  public struct Problem: Sendable, Hashable {
    /// The key it is about, such as `server.port`; empty for the whole.
    public var keyPath: String
    /// What is wrong, such as `must be above 0`.
    public var message: String

    /// Creates a problem.
    public init(keyPath: String, message: String) {
      self.keyPath = keyPath
      self.message = message
    }
  }

  /// What is wrong.
  public private(set) var problems: [Problem] = []

  /// No problem yet.
  public init() {}

  /// One problem.
  public init(_ keyPath: String, _ message: String) {
    problems = [Problem(keyPath: keyPath, message: message)]
  }

  /// Adds a problem if the condition is false.
  public mutating func require(_ condition: Bool, _ keyPath: String, _ message: String) {
    if !condition { problems.append(Problem(keyPath: keyPath, message: message)) }
  }

  /// Throws this value if there is any problem.
  public func throwIfAny() throws {
    if !problems.isEmpty { throw self }
  }

  /// One problem a line.
  public var description: String {
    problems.map { $0.keyPath.isEmpty ? $0.message : "\($0.keyPath): \($0.message)" }
      .joined(separator: "\n")
  }
}

/// A config type that says itself how a layer is laid over the one below.
///
/// Each layer of such a config is decoded alone, so what a layer may leave out must be optional. Types that
/// do not conform get the layers merged as trees: maps merge, arrays and scalars are replaced.
public protocol ConfigMerge {
  /// This value with `overlay`, the next layer up, laid over it.
  func merging(_ overlay: Self) -> Self
}
