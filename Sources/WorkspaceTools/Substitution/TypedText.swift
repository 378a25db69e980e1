/// Values out of texts from outside, by the type of what they replace.
enum TypedText {
  /// The value of `text`; the text itself, to be decoded leniently, if there is no `model`.
  ///
  /// - Throws: if the text is none of the model's type. The error does not show the text, which may
  ///   be a secret.
  static func value(
    of text: String, like model: ConfigTree?, at location: SourceLocation, path: ConfigKeyPath
  ) throws(ConfigDiagnostic) -> ConfigTree {
    func tree(_ value: ConfigTree.Value) -> ConfigTree {
      ConfigTree(value, location: location, origin: .substituted)
    }
    func mismatch(_ expected: String) -> ConfigDiagnostic {
      let place = model?.location.map { ", as at \($0)" } ?? ""
      return ConfigDiagnostic(
        location: location, keyPath: path.description,
        message: "expected \(expected)\(place), found another text")
    }
    switch model?.value {
    case nil, .null?, .string?: return tree(.string(text))
    case .bool?:
      switch text.lowercased() {
      case "true", "yes", "on", "1": return tree(.bool(true))
      case "false", "no", "off", "0": return tree(.bool(false))
      default: throw mismatch("true or false")
      }
    case .integer?:
      if let value = Int64(text) { return tree(.integer(value)) }
      // Whether a fraction is welcome, only the decoded type knows.
      guard let value = Double(text), value.isFinite else { throw mismatch("a number") }
      return tree(.float(value))
    case .float?:
      guard let value = Double(text) else { throw mismatch("a number") }
      return tree(.float(value))
    case .date?:
      guard let date = ConfigDate(text) else { throw mismatch("a date or a time") }
      return tree(.date(date))
    case .array(let elements)?:
      if let parsed = parsed(text, at: location), parsed.array != nil { return parsed }
      var values: [ConfigTree] = []
      for (index, part) in text.split(separator: ",").enumerated() {
        values.append(
          try value(
            of: trimmed(part), like: elements.first, at: location,
            path: path.appending(.index(index))))
      }
      return tree(.array(values))
    case .table?:
      guard let parsed = parsed(text, at: location), parsed.table != nil else {
        throw mismatch("a table in JSON, or one variable for each key")
      }
      return parsed
    }
  }

  /// `text` as JSON, every value of it located at `location`; nil if it is no JSON.
  private static func parsed(_ text: String, at location: SourceLocation) -> ConfigTree? {
    let document = Array("{\"value\":\(text)}".utf8)
    let tree = try? ConfigFormat.json.parse(document, file: location.file)
    return tree?["value"].map { relocated($0, to: location) }
  }

  private static func relocated(_ tree: ConfigTree, to location: SourceLocation) -> ConfigTree {
    var tree = tree
    tree.location = location
    switch tree.value {
    case .array(let elements):
      tree.value = .array(elements.map { relocated($0, to: location) })
    case .table(var table):
      for position in table.indices {
        table.withValue(at: position) { $0 = relocated($0, to: location) }
      }
      tree.value = .table(table)
    default: break
    }
    return tree
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " }
    var end = start.endIndex
    while end > start.startIndex, start[start.index(before: end)] == " " {
      end = start.index(before: end)
    }
    return String(start[..<end])
  }
}
