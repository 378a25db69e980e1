extension ConfigTree {
  /// The tree as JSON on one line, for people's and programs' eyes: keys in the document's order,
  /// dates as ISO 8601 strings, infinities and NaN as the strings `inf`, `-inf` and `nan`.
  ///
  /// - Parameter rules: the keys whose values are replaced; ``RedactionRules/none`` shows all.
  public func jsonBytes(redacting rules: RedactionRules = .default) -> [UInt8] {
    JSONWriter.compact(redacted(by: rules))
  }

  /// ``jsonBytes(redacting:)`` as a text.
  public func jsonText(redacting rules: RedactionRules = .default) -> String {
    String(decoding: jsonBytes(redacting: rules), as: UTF8.self)
  }
}

extension ConfigTree: CustomStringConvertible {
  /// Compact JSON without the values of secret keys, so that a tree in a log gives nothing away.
  public var description: String { jsonText() }
}
