import Crypto
import Foundation
import HotReloadTesting
import Logging
import NIOHTTP1
import Testing

@testable import HotReloadFleet

/// Tests of a source of bundles on a server, with folders and somebody who takes them.
protocol RemoteBundleSuite {
  var folders: BundleFolders { get }
  var taker: Taker { get }
}

extension RemoteBundleSuite {
  func bundle(_ name: String) throws -> ContentBundle {
    try ContentBundle(files: [
      ContentBundle.File(path: "config/app.toml", bytes: Array("name = \"\(name)\"\n".utf8))
    ])
  }

  func serving(
    _ bundle: ContentBundle, etag: String? = nil, date: String? = nil
  ) async throws -> BundleServer {
    let server = try await BundleServer { _ in BundleServer.Answer() }
    serve(bundle, etag: etag, date: date, on: server)
    return server
  }

  func serve(
    _ bundle: ContentBundle, etag: String? = nil, date: String? = nil, on server: BundleServer
  ) {
    let body = bundle.encoded()
    server.answer { request in
      if let etag, request.headers.first(name: "If-None-Match") == etag {
        return BundleServer.Answer(status: 304)
      }
      var answer = BundleServer.Answer(body: body)
      if let etag { answer.headers.add(name: "ETag", value: etag) }
      if let date { answer.headers.add(name: "Last-Modified", value: date) }
      return answer
    }
  }

  func source(
    _ server: BundleServer, path: String = "/bundle.json",
    _ options: RemoteBundleOptions = RemoteBundleOptions(), inForce: BundleDigest? = nil
  ) throws -> RemoteBundleSource {
    try RemoteBundleSource(
      url: server.url(path), options: options, folders: folders, inForce: inForce,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      apply: { [taker] bundle, folder in try taker.take(bundle, folder) })
  }

  func expectApplied(
    _ outcome: RemoteBundleOutcome, _ bundle: ContentBundle,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    if case .applied(bundle.digest) = outcome { return }
    Issue.record("\(outcome)", sourceLocation: sourceLocation)
  }

  func expectUnchanged(
    _ outcome: RemoteBundleOutcome, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    if case .unchanged = outcome { return }
    Issue.record("\(outcome)", sourceLocation: sourceLocation)
  }

  func sha256(_ bytes: [UInt8]) -> String {
    Data(SHA256.hash(data: bytes)).base64EncodedString()
  }

  func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
