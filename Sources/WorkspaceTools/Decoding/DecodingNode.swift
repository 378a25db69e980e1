import Foundation

/// A value that is being decoded, and how it was reached.
struct DecodingNode {
  let tree: ConfigTree
  let path: DecodingPath?
  let state: DecodingState

  /// The value itself as `type`, whatever `type` is.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if let value = try special(type) { return value }
    do {
      return try T(from: ConfigDecoder(node: self))
    } catch {
      noteFailure(error)
      throw error
    }
  }

  /// Remembers the innermost place that a foreign error came from.
  private func noteFailure(_ error: any Error) {
    guard !(error is DecodingError), !(error is ConfigDiagnostic) else { return }
    if let noted = state.failedAt?.path {
      var step: DecodingPath? = noted
      while let current = step {
        if current === path { return }
        step = current.parent
      }
      if path == nil { return }
    }
    state.failedAt = self
  }

  /// Types that have a form of their own in a configuration; nil for all others.
  @inline(__always)
  private func special<T: Decodable>(_ type: T.Type) throws -> T? {
    if type == String.self { return try string() as? T }
    if type == Date.self { return try date() as? T }
    if type == URL.self { return try url() as? T }
    if type == Data.self { return try data() as? T }
    if type == Decimal.self { return try decimal() as? T }
    if type == ConfigTree.self { return tree as? T }
    if type == ConfigDate.self { return try configDate() as? T }
    return nil
  }

  var isNull: Bool {
    if case .null = tree.value { true } else { false }
  }

  func bool() throws -> Bool {
    switch (tree.value, tree.origin) {
    case (.bool(let value), _): return value
    case (.string("true"), .substituted): return true
    case (.string("false"), .substituted): return false
    default: throw mismatch(Bool.self)
    }
  }

  func string() throws -> String {
    guard case .string(let text) = tree.value else { throw mismatch(String.self) }
    return text
  }

  func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    switch (tree.value, tree.origin) {
    case (.integer(let value), _):
      guard let exact = T(exactly: value) else {
        throw error(
          type, "\(shown(String(value))) does not fit into \(T.self) (\(T.min)...\(T.max))")
      }
      return exact
    case (.string(let text), .substituted):
      guard let value = T(text) else { throw mismatch(type) }
      return value
    default: throw mismatch(type)
    }
  }

  func float<T: BinaryFloatingPoint & LosslessStringConvertible>(_ type: T.Type) throws -> T {
    switch (tree.value, tree.origin) {
    case (.float(let value), _):
      let narrowed = T(value)
      guard narrowed.isFinite == value.isFinite else {
        throw error(type, "\(shown(String(value))) does not fit into \(T.self)")
      }
      return narrowed
    case (.integer(let value), _): return T(value)
    case (.string(let text), .substituted):
      guard let value = T(text) else { throw mismatch(type) }
      return value
    default: throw mismatch(type)
    }
  }

  private func date() throws -> Date {
    let date = try configDate()
    guard let seconds = date.secondsSince1970 else {
      throw error(
        Date.self,
        "expected a date with time and offset, found \(shown(date.description)); "
          + "write it like 2026-01-31T12:00:00Z")
    }
    return Date(timeIntervalSince1970: Double(seconds) + Double(date.nanosecond) / 1_000_000_000)
  }

  private func configDate() throws -> ConfigDate {
    switch tree.value {
    case .date(let date): return date
    case .string(let text):
      guard let date = ConfigDate(text) else {
        throw error(Date.self, "expected an ISO 8601 date, found \(found)")
      }
      return date
    default: throw mismatch(Date.self)
    }
  }

  private func url() throws -> URL {
    guard case .string(let text) = tree.value else { throw mismatch(URL.self) }
    guard let url = URL(string: text) else {
      throw error(URL.self, "expected a URL, found \(found)")
    }
    return url
  }

  private func data() throws -> Data {
    guard case .string(let text) = tree.value else { throw mismatch(Data.self) }
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
      throw error(Data.self, "expected base64, found \(found)")
    }
    return data
  }

  private func decimal() throws -> Decimal {
    switch tree.value {
    case .integer(let value): return Decimal(value)
    case .float(let value) where value.isFinite:
      // Through the shortest text, so that 0.1 is 0.1.
      return Decimal(string: "\(value)", locale: nil) ?? Decimal(value)
    case .string(let text):
      guard text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }),
        let value = Decimal(string: text, locale: nil)
      else { throw error(Decimal.self, "expected a decimal number, found \(found)") }
      return value
    default: throw mismatch(Decimal.self)
    }
  }

  func table() throws -> ConfigTable {
    guard case .table(let table) = tree.value else { throw mismatch(expected: "a table") }
    return table
  }

  func array() throws -> [ConfigTree] {
    guard case .array(let elements) = tree.value else { throw mismatch(expected: "an array") }
    return elements
  }
}
