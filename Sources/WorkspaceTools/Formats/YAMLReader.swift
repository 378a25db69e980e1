import Yams

/// Reads YAML: Yams composes nodes with marks, and ``YAMLConversion`` makes a tree of them by the
/// core schema of YAML 1.2.
///
/// Aliases never reach Yams (``YAMLText`` says why and how). libyaml itself refuses documents that
/// are nested more than 1,000 levels deep.
enum YAMLReader {
  /// The document's tree; an empty document is an empty table.
  static func parse(
    _ bytes: [UInt8], source: SourceLocation.Source
  ) throws(ConfigParseError) -> ConfigTree {
    let text = try YAMLText(bytes, source: source)
    let parsed = Result { try parsedRoot(text.yaml) }
    switch parsed {
    case .success(let (root, parser)):
      var conversion = YAMLConversion(text: text)
      // Nodes refer weakly to their anchors, which the parser owns.
      return try withExtendedLifetime(parser) { () throws(ConfigParseError) in
        try conversion.document(root)
      }
    case .failure(let error):
      throw diagnostic(for: error, in: text)
    }
  }

  private static func parsedRoot(_ yaml: String) throws -> (Node?, Parser) {
    // The basic resolver does nothing: tags are resolved here, by YAML 1.2, and much faster.
    let parser = try Parser(yaml: yaml, resolver: .basic)
    return (try parser.singleRoot(), parser)
  }

  private static func diagnostic(for error: any Error, in text: YAMLText) -> ConfigDiagnostic {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      return ConfigDiagnostic(
        location: text.location(of: mark), message: message(problem, context: context, in: text))
    case .duplicatedKeysInMapping(let duplicates, let context):
      return duplicate(duplicates.first ?? "", first: context.mark, in: text)
    case .reader(let problem, _, _, _):
      return ConfigDiagnostic(location: text.start, message: problem)
    default:
      return ConfigDiagnostic(location: text.start, message: "not YAML: \(error)")
    }
  }

  private static func message(
    _ problem: String, context: YamlError.Context?, in text: YAMLText
  ) -> String {
    if problem.contains("found another document") {
      return "a second document starts here; a configuration is one document"
    }
    if problem.contains("Maximum nesting level") {
      return "nested more than \(YAMLConversion.maximumNesting) levels deep"
    }
    guard let context else { return text.restoring(problem) }
    // libyaml says "while parsing a block mapping" and where that began.
    let began = context.mark.line > 0 ? " that starts at line \(context.mark.line)" : ""
    return text.restoring("\(problem), \(context.text)\(began)")
  }

  /// Yams names the first of two equal keys only. To find the second, the first one gets another
  /// name, and the document is parsed again.
  private static func duplicate(
    _ key: String, first: Mark, in text: YAMLText
  ) -> ConfigDiagnostic {
    let name = text.restoring(key)
    let firstPosition = text.position(of: first)
    if let renamed = text.renamingKey(at: first), let root = try? parsedRoot(renamed).0,
      let second = sibling(of: first, named: key, in: root)
    {
      return ConfigDiagnostic(
        location: text.location(of: second), keyPath: ConfigKeyPath.written(name),
        message: DuplicateKey.message(name, first: firstPosition))
    }
    return ConfigDiagnostic(
      location: text.location(of: first), keyPath: ConfigKeyPath.written(name),
      message: "the key \(JSONWriter.quoted(name)) is written more than once in this table")
  }

  /// The mark of the key `name` in the mapping that also has a key at `mark`.
  private static func sibling(of mark: Mark, named name: String, in root: Node) -> Mark? {
    switch root {
    case .mapping(let mapping):
      if mapping.contains(where: { $0.key.mark.map { $0 == mark } ?? false }) {
        return mapping.first { $0.key.scalar?.string == name }?.key.mark
      }
      for (key, value) in mapping {
        if let found = sibling(of: mark, named: name, in: key) { return found }
        if let found = sibling(of: mark, named: name, in: value) { return found }
      }
    case .sequence(let sequence):
      for element in sequence {
        if let found = sibling(of: mark, named: name, in: element) { return found }
      }
    case .scalar, .alias: break
    }
    return nil
  }
}

extension Mark {
  fileprivate static func == (left: Mark, right: Mark) -> Bool {
    left.line == right.line && left.column == right.column
  }
}
