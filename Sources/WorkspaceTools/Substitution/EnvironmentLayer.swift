/// Environment variables as the topmost layer of a config.
///
/// `APP__SERVER__PORT` sets `server.port` of the config `app`, `SUB__APP__SERVER__PORT` of the
/// config `sub/app`: the parts of name and path are joined by two underscores, in capitals, with
/// `_` for `-` and `.`. A part finds the key that is equal but for case, `_` and `-`
/// (`MAX_CONNECTIONS` finds `maxConnections`); if there is none, a new key in small letters is made.
/// A number is an index into an array; the array's count appends.
///
/// A value gets the type of the value that it replaces. A new value, or one in a null's place, is a
/// text that is decoded leniently (``ConfigTree/Origin/substituted``).
public struct EnvironmentLayer: Sendable {
  /// One variable that concerns the config.
  struct Variable: Sendable {
    var name: String
    var parts: [String]
    var text: String

    var location: SourceLocation { SourceLocation(source: "environment \(name)") }
  }

  /// Variables with more parts than this are refused.
  static let maximumDepth = 64

  let variables: [Variable]

  /// The variables of `environment` that concern `config`.
  ///
  /// - Parameters:
  ///   - config: the config's name, such as `app` or `sub/app`.
  ///   - environment: all variables of the process.
  ///   - otherConfigs: the names of the other configs; a variable belongs to the config with the
  ///     longest name that fits, so that `SUB__APP__PORT` is not taken for `app.port` of `sub` if
  ///     there is a config `sub/app`.
  public init(
    config: String, environment: [String: String], otherConfigs: some Sequence<String> = []
  ) {
    let prefix = Self.prefix(of: config)
    let others = otherConfigs.map(Self.prefix(of:)).filter {
      $0.utf8.count > prefix.utf8.count && $0.hasPrefix(prefix)
    }
    self.variables = environment.sorted { $0.key < $1.key }.compactMap { name, text in
      guard name.hasPrefix(prefix), !others.contains(where: name.hasPrefix) else { return nil }
      return Variable(
        name: name, parts: Self.parts(of: String(name.dropFirst(prefix.count))), text: text)
    }
  }

  /// True if no variable concerns the config.
  public var isEmpty: Bool { variables.isEmpty }

  /// What the names of a config's variables start with: `SUB__APP__` for `sub/app`.
  public static func prefix(of config: String) -> String {
    var prefix = ""
    for character in config {
      switch character {
      case "/": prefix += "__"
      case "-", ".", "@": prefix += "_"
      default: prefix += character.uppercased()
      }
    }
    return prefix + "__"
  }

  /// `rest` split at each `__`.
  private static func parts(of rest: String) -> [String] {
    var parts = [""]
    var pending = 0
    for character in rest {
      if character == "_" {
        pending += 1
        if pending == 2 {
          parts.append("")
          pending = 0
        }
      } else {
        if pending == 1 { parts[parts.count - 1] += "_" }
        pending = 0
        parts[parts.count - 1].append(character)
      }
    }
    if pending == 1 { parts[parts.count - 1] += "_" }
    return parts
  }

  /// `base` with the variables on top. Variables that do not fit are left out and reported.
  public func applied(to base: ConfigTree) -> (tree: ConfigTree, diagnostics: [ConfigDiagnostic]) {
    var tree = base
    var diagnostics: [ConfigDiagnostic] = []
    for variable in variables {
      do throws(ConfigDiagnostic) {
        guard variable.parts.allSatisfy({ !$0.isEmpty }) else {
          throw ConfigDiagnostic(
            location: variable.location,
            message: "a part of the variable's name is empty; parts are joined by two underscores")
        }
        guard variable.parts.count <= Self.maximumDepth else {
          throw ConfigDiagnostic(
            location: variable.location,
            message: "the variable's name has more than \(Self.maximumDepth) parts")
        }
        tree = try setting(variable, part: 0, in: tree, path: ConfigKeyPath())
      } catch {
        diagnostics.append(error)
      }
    }
    return (tree, diagnostics)
  }

  private func setting(
    _ variable: Variable, part: Int, in tree: ConfigTree?, path: ConfigKeyPath
  ) throws(ConfigDiagnostic) -> ConfigTree {
    guard part < variable.parts.count else {
      return try TypedText.value(of: variable.text, like: tree, at: variable.location, path: path)
    }
    let name = variable.parts[part]
    switch tree?.value {
    case nil, .null?:
      var table = ConfigTable()
      let key = name.lowercased()
      table[key] = try setting(variable, part: part + 1, in: nil, path: path.appending(.key(key)))
      return ConfigTree(.table(table), location: variable.location)
    case .table(var table)?:
      let key = Self.key(for: name, in: table)
      table[key] = try setting(
        variable, part: part + 1, in: table[key], path: path.appending(.key(key)))
      return ConfigTree(.table(table), location: tree?.location)
    case .array(var elements)?:
      guard let index = Int(name), index >= 0, index <= elements.count else {
        throw ConfigDiagnostic(
          location: variable.location, keyPath: path.description,
          message: "\(JSONWriter.quoted(name)) is no index of an array of \(elements.count)")
      }
      let path = path.appending(.index(index))
      if index == elements.count {
        elements.append(try setting(variable, part: part + 1, in: nil, path: path))
      } else {
        elements[index] = try setting(variable, part: part + 1, in: elements[index], path: path)
      }
      return ConfigTree(.array(elements), location: tree?.location)
    case let value?:
      throw ConfigDiagnostic(
        location: variable.location, keyPath: path.description,
        message: "there is \(value.kindName) here, which has no key \(JSONWriter.quoted(name))")
    }
  }

  /// The key of `table` that a variable's part means.
  private static func key(for part: String, in table: ConfigTable) -> String {
    if table.position(of: part) != nil { return part }
    let lowered = part.lowercased()
    if table.position(of: lowered) != nil { return lowered }
    let wanted = normalized(part)
    return table.keys.first { normalized($0) == wanted } ?? lowered
  }

  private static func normalized(_ key: String) -> String {
    String(key.lowercased().filter { $0 != "_" && $0 != "-" && $0 != "." })
  }
}
