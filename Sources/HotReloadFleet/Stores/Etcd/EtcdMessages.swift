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

/// The messages of etcd's v3 API as its JSON gateway has them: bytes in base64, and what has its default left out.
enum Etcd {
  struct Empty: Codable, Sendable {}

  struct Header: Decodable, Sendable {
    var revision: EtcdInteger?
  }

  struct KeyValue: Decodable, Sendable {
    var key: Data?
    var value: Data?
    var create_revision: EtcdInteger?
    var mod_revision: EtcdInteger?
    var lease: EtcdInteger?
  }

  struct RangeRequest: Encodable, Sendable {
    var key: Data
    var range_end: Data?
    var limit: EtcdInteger?
    var sort_order: String?
    var sort_target: String?
    var keys_only: Bool?
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
    var create_revision: EtcdInteger?
    var mod_revision: EtcdInteger?
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
    var request_put: PutRequest?
    var request_delete_range: DeleteRequest?
    var request_range: RangeRequest?
  }

  struct TransactionRequest: Encodable, Sendable {
    var compare: [Compare]
    var success: [Operation]
    var failure: [Operation]
  }

  struct OperationResponse: Decodable, Sendable {
    var response_range: RangeResponse?
  }

  struct TransactionResponse: Decodable, Sendable {
    var header: Header?
    var succeeded: Bool?
    var responses: [OperationResponse]?
  }

  struct LeaseRequest: Encodable, Sendable {
    var ID: EtcdInteger?
    var TTL: EtcdInteger?
  }

  struct LeaseResponse: Decodable, Sendable {
    var ID: EtcdInteger?
    var TTL: EtcdInteger?
  }

  struct Streamed<Message: Decodable & Sendable>: Decodable, Sendable {
    var result: Message?
    var error: StreamFailure?
  }

  struct StreamFailure: Decodable, Sendable {
    var grpc_code: Int?
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
      var range_end: Data?
      var start_revision: EtcdInteger
      var progress_notify = true
      var fragment = true
    }

    var create_request: Create
  }

  struct Event: Decodable, Sendable {
    var type: String?
    var kv: KeyValue?
  }

  struct WatchResponse: Decodable, Sendable {
    var header: Header?
    var canceled: Bool?
    var compact_revision: EtcdInteger?
    var cancel_reason: String?
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
