import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why one request to one endpoint gave no answer that can be used.
struct EtcdFailure: Error, Sendable {
  enum Kind: Sendable {
    /// It surely was not done, and another endpoint may do it.
    case notSent
    /// It may have been done.
    case unknown
    /// It surely was not done, and no endpoint will do it.
    case refused
    /// The token is no longer good. It surely was not done.
    case tokenExpired
  }

  var kind: Kind
  var error: StoreError

  init(_ kind: Kind, _ error: StoreError) {
    self.kind = kind
    self.error = error
  }

  /// A connection that failed.
  init(_ endpoint: String, connection error: any Error) {
    kind = Self.isBeforeSending(error) ? .notSent : .unknown
    self.error = StoreError(
      .unavailable,
      "etcd at \(endpoint) does not answer: \(error); see whether it runs and can be "
        + "reached from here", cause: error)
  }

  private static func isBeforeSending(_ error: any Error) -> Bool {
    switch error {
    case is NIOConnectionError: true
    case NIOSSLError.handshakeFailed: true
    case let error as HTTPClientError:
      [.connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout].contains(error)
    case let error as IOError:
      [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
    default: false
    }
  }

  /// A watch that a member cancelled: the reason is all that it says, in words.
  init(_ endpoint: String, cancelling reason: String) {
    let text = "etcd at \(endpoint) cancelled a watch: \(reason)"
    if reason.contains("auth token") || reason.contains("auth store is old") {
      self.init(.tokenExpired, StoreError(.unauthenticated, text))
    } else if reason.contains("permission denied") {
      self.init(.refused, StoreError(.permissionDenied, text))
    } else {
      self.init(.unknown, StoreError(.unavailable, text))
    }
  }

  /// Whether a new token may be all that is missing. Of one that it has forgotten etcd says, for a watch, that it permits nothing.
  var mayBeToken: Bool {
    if case .tokenExpired = kind { return true }
    return error.code == .permissionDenied
  }

  /// What gRPC's status codes and etcd's messages mean.
  init(_ endpoint: String, grpc code: Int?, message: String) {
    let text = "etcd at \(endpoint) says: \(message)"
    let says = { (words: String) in message.contains(words) }
    switch code {
    case 5 where says("lease"):
      self.init(.refused, StoreError(.leaseNotFound, text))
    case 16,
      3 where says("auth store is old"), 2 where says("invalid auth token"):
      self.init(.tokenExpired, StoreError(.unauthenticated, text))
    case 3 where says("invalid user ID or password"), 3 where says("user name is empty"):
      self.init(
        .refused, StoreError(.unauthenticated, "\(text); give the user and the password of etcd"))
    case 7:
      self.init(
        .refused,
        StoreError(
          .permissionDenied, "\(text); let the user read and write the fleet's namespace in etcd"))
    case 3 where says("too large"), 3 where says("too many operations"):
      self.init(
        .refused,
        StoreError(
          .limitExceeded,
          "\(text); it has smaller limits than etcd is installed with: raise --max-request-bytes and "
            + "--max-txn-ops"))
    case 3:
      self.init(.refused, StoreError(.invalidRequest, text))
    case 8 where says("space"):
      self.init(
        .refused,
        StoreError(.full, "\(text); compact and defragment it, then disarm its alarm"))
    case 8:
      self.init(.notSent, StoreError(.unavailable, text))
    case 9, 11, 12:
      self.init(.refused, StoreError(.unsupported, text))
    case 15:
      self.init(.refused, StoreError(.corrupted, text))
    default:
      self.init(.unknown, StoreError(.unavailable, text))
    }
  }
}
