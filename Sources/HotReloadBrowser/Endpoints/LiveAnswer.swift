import HTTPTypes
import Hummingbird

/// The answers of everything below `/_hotreload`, each with the header fields that all of them have.
enum LiveAnswer {
  /// Nobody stores them, guesses their type or embeds them in a page of another site. None has a CORS header.
  static let fields: HTTPFields = [
    .cacheControl: "no-store",
    .xContentTypeOptions: "nosniff",
    .resourcePolicy: "same-origin",
  ]

  static func text(
    _ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok
  ) -> Response {
    var fields = fields
    fields[.contentType] = type
    return Response(
      status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  static func bytes(_ bytes: [UInt8], type: String) -> Response {
    var fields = fields
    fields[.contentType] = type
    return Response(
      status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  static func empty(_ status: HTTPResponse.Status = .noContent) -> Response {
    Response(status: status, headers: fields)
  }
}
