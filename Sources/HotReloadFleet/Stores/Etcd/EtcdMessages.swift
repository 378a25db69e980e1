import Foundation

/// A 64-bit number as protobuf's JSON has it: a string. A number is understood as well.
struct EtcdInteger: Codable, Sendable, ExpressibleByIntegerLiteral {
  var value: Int64

  init(_ value: Int64) {
    self.value = value
  }

  init(integerLiteral value: Int64) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int64.self) {
      value = number
      return
    }
    guard let number = Int64(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number")
    }
    value = number
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(value))
  }
}

/// The messages of etcd's v3 API as its JSON gateway has them: bytes in base64, and what has its default left out. It
/// takes names as they are here, and gives them in snake case.
enum Etcd {
  /// What a message of the gateway says.
  static func decode<Message: Decodable>(
    _: Message.Type = Message.self, from bytes: some Sequence<UInt8>
  ) throws -> Message {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Message.self, from: Data(bytes))
  }

  struct Empty: Codable, Sendable {}

  struct Header: Decodable, Sendable {
    var revision: EtcdInteger?
  }

  struct KeyValue: Decodable, Sendable {
    var key: Data?
    var value: Data?
    var createRevision: EtcdInteger?
    var modRevision: EtcdInteger?
    var lease: EtcdInteger?
  }

  struct RangeRequest: Encodable, Sendable {
    var key: Data
    var rangeEnd: Data?
    var limit: EtcdInteger?
    var sortOrder: String?
    var sortTarget: String?
    var keysOnly: Bool?
  }

  struct RangeResponse: Decodable, Sendable {
    var header: Header?
    var kvs: [KeyValue]?
    var more: Bool?
  }

  struct Compare: Encodable, Sendable {
    var result = "EQUAL"
    var target: String
    var key: Data
    var createRevision: EtcdInteger?
    var modRevision: EtcdInteger?
    var value: Data?
  }

  struct PutRequest: Encodable, Sendable {
    var key: Data
    var value: Data
    var lease: EtcdInteger?
  }

  struct DeleteRequest: Encodable, Sendable {
    var key: Data
  }

  struct Operation: Encodable, Sendable {
    var requestPut: PutRequest?
    var requestDeleteRange: DeleteRequest?
    var requestRange: RangeRequest?
  }

  struct TransactionRequest: Encodable, Sendable {
    var compare: [Compare]
    var success: [Operation]
    var failure: [Operation]
  }

  struct OperationResponse: Decodable, Sendable {
    var responseRange: RangeResponse?
  }

  struct TransactionResponse: Decodable, Sendable {
    var header: Header?
    var succeeded: Bool?
    var responses: [OperationResponse]?
  }

  struct LeaseRequest: Encodable, Sendable {
    var id: EtcdInteger?
    var seconds: EtcdInteger?

    enum CodingKeys: String, CodingKey {
      case id = "ID"
      case seconds = "TTL"
    }
  }

  struct LeaseResponse: Decodable, Sendable {
    var id: EtcdInteger?
    var seconds: EtcdInteger?

    enum CodingKeys: String, CodingKey {
      case id = "ID"
      case seconds = "TTL"
    }
  }

  struct Streamed<Message: Decodable & Sendable>: Decodable, Sendable {
    var result: Message?
    var error: StreamFailure?
  }

  struct StreamFailure: Decodable, Sendable {
    var grpcCode: Int?
    var code: Int?
    var message: String?
  }

  struct Failure: Decodable, Sendable {
    var code: Int?
    var message: String?
    var error: String?
  }

  struct AuthenticateRequest: Encodable, Sendable {
    var name: String
    var password: String
  }

  struct AuthenticateResponse: Decodable, Sendable {
    var token: String?
  }

  struct CompactionRequest: Encodable, Sendable {
    var revision: EtcdInteger
  }

  struct WatchRequest: Encodable, Sendable {
    struct Create: Encodable, Sendable {
      var key: Data
      var rangeEnd: Data?
      var startRevision: EtcdInteger
      var progressNotify = true
      var fragment = true
    }

    var createRequest: Create
  }

  struct Event: Decodable, Sendable {
    var type: String?
    var kv: KeyValue?
  }

  struct WatchResponse: Decodable, Sendable {
    var header: Header?
    var canceled: Bool?
    var compactRevision: EtcdInteger?
    var cancelReason: String?
    var fragment: Bool?
    var events: [Event]?
  }

  struct Version: Decodable, Sendable {
    var etcdserver: String?
  }
}

extension Etcd.Header? {
  var storeRevision: StoreRevision { StoreRevision(rawValue: self?.revision?.value ?? 0) }
}
