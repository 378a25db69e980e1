public import HotReload

/// What an instance answers.
///
/// On the socket an answer is one JSON object on one line: `{"version":1,"answer":"status","value":{…}}`, or
/// `{"version":1,"answer":"error","value":{"code":"notFound","message":"…","errors":[]}}`.
public enum ControlAnswer: Sendable, Hashable {
  /// To `ping`.
  case pong(ControlInstance)
  /// To `status`.
  case status(ControlStatus)
  /// To `reload` and `restore`.
  case report(ReloadReport.Document)
  /// To `pause` and `resume`.
  case pausing(ControlPausing)
  /// To `history`.
  case history(ControlHistory)
  /// To `diff`.
  case diff(ControlDiff)
  /// To `check`.
  case check(ControlCheck)
  /// To a request that could not be done.
  case error(ControlError)

  private enum Kind: String, Codable {
    case pong, status, report, pausing, history, diff, check, error
  }
}

extension ControlAnswer: Codable {
  private enum Key: String, CodingKey {
    case version, answer, value
  }

  /// Reads an answer, of whatever version: whoever reads it looks at that first.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func value<Value: Decodable>() throws -> Value {
      try container.decode(Value.self, forKey: .value)
    }
    switch try container.decode(Kind.self, forKey: .answer) {
    case .pong: self = .pong(try value())
    case .status: self = .status(try value())
    case .report: self = .report(try value())
    case .pausing: self = .pausing(try value())
    case .history: self = .history(try value())
    case .diff: self = .diff(try value())
    case .check: self = .check(try value())
    case .error: self = .error(try value())
    }
  }

  /// Writes the answer.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(ControlMessage.currentVersion, forKey: .version)
    func add(_ kind: Kind, _ value: some Encodable) throws {
      try container.encode(kind, forKey: .answer)
      try container.encode(value, forKey: .value)
    }
    switch self {
    case .pong(let value): try add(.pong, value)
    case .status(let value): try add(.status, value)
    case .report(let value): try add(.report, value)
    case .pausing(let value): try add(.pausing, value)
    case .history(let value): try add(.history, value)
    case .diff(let value): try add(.diff, value)
    case .check(let value): try add(.check, value)
    case .error(let value): try add(.error, value)
    }
  }
}
