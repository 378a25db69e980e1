import WorkspaceTools

/// Requests and answers as lines of JSON. Pure. Reads with the parser that configs are read with, so that no line,
/// however broken or nested, does more than give an error.
enum ControlCodec {
  /// The request on a line.
  static func message(from line: [UInt8]) throws(ControlError) -> ControlMessage {
    try decode(ControlMessage.self, from: line, name: "request", whose: "the client")
  }

  /// The answer on a line.
  static func answer(from line: [UInt8]) throws(ControlError) -> ControlAnswer {
    try decode(ControlAnswer.self, from: line, name: "answer", whose: "the instance")
  }

  /// A request as a line with its newline.
  static func line(_ message: ControlMessage) throws(ControlError) -> [UInt8] {
    try encode(message)
  }

  /// An answer as a line with its newline; if it cannot be written or is longer than `limit`, an error that says so.
  static func line(_ answer: ControlAnswer, limit: Int = .max) -> [UInt8] {
    let failure: ControlError
    do throws(ControlError) {
      let line = try encode(answer)
      if line.count <= limit { return line }
      failure = ControlError(
        code: .tooLong, message: "the answer has \(line.count) bytes, and \(limit) is the most")
    } catch {
      failure = error
    }
    // It has texts only, which can always be written.
    return (try? encode(ControlAnswer.error(failure))) ?? []
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, from line: [UInt8], name: String, whose: String
  ) throws(ControlError) -> Value {
    do throws(ConfigDiagnostic) {
      let tree = try ConfigFormat.json.parse(line, file: name)
      if case .integer(let version)? = tree.table?["version"]?.value,
        !(1...Int64(ControlMessage.currentVersion)).contains(version)
      {
        throw ConfigDiagnostic(
          location: nil, keyPath: versionPath,
          message: "\(whose) speaks version \(version) of the protocol, and here it is "
            + "\(ControlMessage.currentVersion); use the hotreload that the instance was built with"
        )
      }
      return try tree.decode(type)
    } catch {
      if error.location == nil, error.keyPath == versionPath {
        throw ControlError(code: .unsupportedVersion, message: error.message)
      }
      throw ControlError(code: .malformed, message: "not a \(name) of this protocol: \(error)")
    }
  }

  private static let versionPath = "version"

  private static func encode(_ value: some Encodable) throws(ControlError) -> [UInt8] {
    do throws(ConfigDiagnostic) {
      // Redacted before, where secrets are not wanted.
      return try ConfigTree.encode(value).jsonBytes(redacting: .none) + [UInt8(ascii: "\n")]
    } catch {
      throw ControlError(code: .failed, message: "the answer cannot be written: \(error)")
    }
  }
}
