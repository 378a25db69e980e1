extension ConfigTree {
  /// The tree as a value of `type`.
  ///
  /// Numbers are checked against their type's range; a whole number is taken where a floating-point
  /// number is asked for, but `1.0` never for an integer. A `Date` is an ISO 8601 text or a TOML
  /// offset date-time, `Data` base64, a `URL` and a `Decimal` a text (a `Decimal` also a number).
  /// Values that were put in from outside (``Origin/substituted``) are texts that are also taken for
  /// numbers and truth values.
  ///
  /// - Parameters:
  ///   - type: what to decode.
  ///   - userInfo: handed to the type's `init(from:)`.
  ///   - redaction: the keys whose values an error must not show.
  /// - Throws: the first thing that does not fit, with its position and key path.
  public func decode<T: Decodable>(
    _ type: T.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:],
    redaction: RedactionRules = .default
  ) throws(ConfigDiagnostic) -> T {
    let state = DecodingState(userInfo: userInfo, redaction: redaction)
    let node = DecodingNode(tree: self, path: nil, state: state)
    do {
      return try node.decode(type)
    } catch {
      throw node.diagnostic(for: error)
    }
  }
}

/// What all parts of one decoding share.
final class DecodingState {
  let userInfo: [CodingUserInfoKey: any Sendable]
  let redaction: RedactionRules
  /// Where an error that does not say it itself came out of an `init(from:)`.
  var failedAt: DecodingNode?

  init(userInfo: [CodingUserInfoKey: any Sendable], redaction: RedactionRules) {
    self.userInfo = userInfo
    self.redaction = redaction
  }
}

/// The way from the top to a value, the last step first. Made only where containers are entered.
final class DecodingPath {
  let parent: DecodingPath?
  let key: any CodingKey

  init(parent: DecodingPath?, key: any CodingKey) {
    self.parent = parent
    self.key = key
  }

  var keys: [any CodingKey] {
    var keys: [any CodingKey] = []
    var step: DecodingPath? = self
    while let current = step {
      keys.append(current.key)
      step = current.parent
    }
    return keys.reversed()
  }
}

/// A key of a decoded path that no type declares.
struct ConfigCodingKey: CodingKey {
  var stringValue: String
  var intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
  }

  init(intValue: Int) {
    self.stringValue = String(intValue)
    self.intValue = intValue
  }

  static let `super` = ConfigCodingKey(stringValue: "super")
}
