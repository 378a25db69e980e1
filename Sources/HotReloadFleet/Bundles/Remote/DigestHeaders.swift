import Crypto
import Foundation
import NIOHTTP1

/// The SHA-256 of an answer's content, as its headers give it.
///
/// `Repr-Digest` and `Content-Digest` (RFC 9530) are the same for an answer that is whole and has no content coding: others are not
/// accepted. `Digest` is their forerunner (RFC 3230).
enum DigestHeaders {
  enum Answer {
    case absent
    case right
    /// Which header is wrong.
    case wrong(String)
  }

  static func check(_ headers: HTTPHeaders, _ bytes: [UInt8]) -> Answer {
    var answer = Answer.absent
    let expected = Data(SHA256.hash(data: bytes))
    for name in ["Repr-Digest", "Content-Digest", "Digest"] {
      for member in headers[canonicalForm: name] {
        guard let text = value(of: member) else { continue }
        guard Data(base64Encoded: text) == expected else { return .wrong(name) }
        answer = .right
      }
    }
    return answer
  }

  /// The base64 of a member `sha-256=:…:` or `SHA-256=…`; nil for another algorithm.
  private static func value(of member: Substring) -> String? {
    let parts = member.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, parts[0].trimmed.lowercased() == "sha-256" else { return nil }
    // Parameters of a structured field mean nothing here.
    let value = (parts[1].split(separator: ";").first ?? "").trimmed
    return value.hasPrefix(":") && value.hasSuffix(":") && value.count > 1
      ? String(value.dropFirst().dropLast()) : value
  }
}

extension StringProtocol {
  /// Without spaces at its ends.
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}

/// How long a server wants to be left alone.
enum RetryAfter {
  /// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3). Nil if it is neither.
  static func duration(of text: String, now: Date) -> Duration? {
    let text = text.trimmed
    if !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
      // One that does not fit is longer than any bound.
      return .seconds(Int64(text) ?? Int64(Int32.max))
    }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return formatter.date(from: text).map { .seconds(max($0.timeIntervalSince(now), 0)) }
  }
}
