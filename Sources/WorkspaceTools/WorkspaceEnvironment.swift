import Foundation

/// The environment a program runs in, such as `development` or `production`, and the process's variables.
///
/// The name selects the environment layer of every config: `config/app.production.toml`. The variables are
/// a copy made at the creation of this value: a later `setenv` is not seen. They may hold secrets, so a
/// description of this value shows the name alone.
public struct WorkspaceEnvironment: Sendable, Hashable {
  /// The variables that may name the environment, the first that is set and not empty wins.
  public static let variableNames = ["WORKSPACE_ENV", "APP_ENV", "ENVIRONMENT", "ENV"]
  /// The name if no variable gives one.
  public static let defaultName = "development"
  /// The largest number of characters of a name.
  public static let maximumNameLength = 64

  /// The environment's name: letters, digits, `-` and `_` of ASCII.
  public let name: String
  /// The process's environment variables.
  public let variables: [String: String]

  /// Takes the name from the first of ``variableNames`` that is set.
  ///
  /// - Parameter variables: nil for those of this process.
  /// - Throws: ``WorkspaceError`` with `invalidEnvironmentName` if the name cannot be part of a file's name.
  public init(variables: [String: String]? = nil) throws(WorkspaceError) {
    let variables = variables ?? Self.processVariables()
    let found = Self.variableNames.lazy.compactMap { variable in
      variables[variable].map { (variable, $0) }
    }.first { variable, value in
      // A POSIX shell keeps the path of its startup file in ENV: that is no name of an environment.
      !value.isEmpty && !(variable == "ENV" && value.contains("/"))
    }
    try self.init(
      name: found?.1 ?? Self.defaultName, from: found?.0 ?? "", variables: variables)
  }

  /// Takes the name as it is given.
  ///
  /// - Parameters:
  ///   - name: 1 to ``maximumNameLength`` letters, digits, `-` and `_` of ASCII; the first no `-`.
  ///   - variables: nil for those of this process.
  /// - Throws: ``WorkspaceError`` with `invalidEnvironmentName`.
  public init(name: String, variables: [String: String]? = nil) throws(WorkspaceError) {
    try self.init(name: name, from: "", variables: variables ?? Self.processVariables())
  }

  private init(
    name: String, from variable: String, variables: [String: String]
  ) throws(WorkspaceError) {
    guard Self.isValid(name: name) else {
      throw WorkspaceError(
        code: .invalidEnvironmentName,
        message: (variable.isEmpty ? "" : "\(variable): ")
          + "\"\(name.prefix(Self.maximumNameLength + 1))\" cannot be an environment's name",
        advice:
          "It becomes part of file names, so it is 1 to \(Self.maximumNameLength) letters, digits, "
          + "'-' and '_', and does not start with '-'.")
    }
    self.name = name
    self.variables = variables
  }

  /// Whether `name` can be an environment's name.
  public static func isValid(name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, first != UInt8(ascii: "-"), bytes.count <= maximumNameLength
    else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }

  /// The value of a variable; nil if it is missing. An empty value is a value.
  public subscript(variable: String) -> String? { variables[variable] }

  /// Checks that variables are there, and returns their values.
  ///
  /// - Throws: ``WorkspaceError`` with `missingVariables`, which names all that are missing or empty, in the
  ///   order they were asked for.
  @discardableResult
  public func require(_ names: [String]) throws(WorkspaceError) -> [String: String] {
    var values: [String: String] = [:]
    var missing: [String] = []
    for name in names {
      if let value = variables[name], !value.isEmpty {
        values[name] = value
      } else if !missing.contains(name) {
        missing.append(name)
      }
    }
    guard missing.isEmpty else {
      let those = missing.joined(separator: ", ")
      throw WorkspaceError(
        code: .missingVariables(missing),
        message: missing.count == 1
          ? "environment variable \(those) is required, and missing or empty"
          : "environment variables \(those) are required, and missing or empty",
        advice: "Set \(missing.count == 1 ? "it" : "them") and start again.")
    }
    return values
  }

  /// Checks that variables are there, and returns their values; see ``require(_:)-([String])``.
  @discardableResult
  public func require(_ names: String...) throws(WorkspaceError) -> [String: String] {
    try require(names)
  }

  private static func processVariables() -> [String: String] {
    ProcessInfo.processInfo.environment
  }
}

extension WorkspaceEnvironment: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The name.
  public var description: String { name }
  /// The name.
  public var debugDescription: String { name }
  /// The name alone: variables may be secrets.
  public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
