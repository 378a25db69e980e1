import Crypto
import Foundation
import HotReloadTesting
import Testing

@testable import HotReloadFleet

private typealias Answer = BundleServer.Answer

/// Whom a source believes.
@Suite(.timeLimit(.minutes(1))) struct RemoteBundleTrustTests: RemoteBundleSuite {
  let place: TemporaryWorkspace
  let folders: BundleFolders
  let taker = Taker()

  init() throws {
    place = try TemporaryWorkspace()
    folders = BundleFolders(at: place.root.appending("bundles"))
  }

  @Test func `A right digest header is accepted in each form, and can be required`() async throws {
    let server = try await BundleServer { _ in Answer() }
    let source = try source(server, RemoteBundleOptions(requiresDigestHeader: true))
    for (number, name) in ["Repr-Digest", "Content-Digest", "repr-digest"].enumerated() {
      let bundle = try bundle("\(number)")
      let body = bundle.encoded()
      let value = "sha-512=:AAAA:, sha-256=:\(sha256(body)):"
      server.answer { _ in Answer(headers: [name: value], body: body) }
      expectApplied(await source.poll(), bundle)
    }
    let last = try bundle("last")
    server.answer { _ in Answer(body: last.encoded()) }
    guard case .refused(let error) = await source.poll() else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.code == .digestMismatch)
    await source.close()
  }

  @Test func `Only the pinned bundle is accepted`() async throws {
    let pinned = try bundle("pinned")
    let server = try await serving(try bundle("other"))
    let source = try source(server, RemoteBundleOptions(pinnedDigest: pinned.digest))
    guard case .refused = await source.poll() else {
      Issue.record("it is not refused")
      return
    }
    serve(pinned, on: server)
    expectApplied(await source.poll(), pinned)
    await source.close()
  }

  @Test(arguments: [true, false])
  func `A bundle must be signed by one of the keys, in a header or in a file beside it`(
    inHeader: Bool
  ) async throws {
    let key = Curve25519.Signing.PrivateKey()
    let next = Curve25519.Signing.PrivateKey()
    let keys = try [key, next].map {
      try BundleSigningKey(Data($0.publicKey.rawRepresentation).base64EncodedString())
    }
    let server = try await BundleServer { _ in Answer() }
    let source = try source(server, path: "/b.json?x=1", RemoteBundleOptions(signingKeys: keys))
    func serve(_ bundle: ContentBundle, signed signature: String?) {
      let body = bundle.encoded()
      server.answer { request in
        if request.path == "/b.json.sig?x=1", !inHeader, let signature {
          return Answer(body: Array("\(signature)\n".utf8))
        }
        guard request.path == "/b.json?x=1" else { return Answer(status: 404) }
        var answer = Answer(headers: ["ETag": "\"\(bundle.digest)\""], body: body)
        if inHeader, let signature {
          answer.headers.add(name: "Hotreload-Signature", value: signature)
        }
        return answer
      }
    }
    func signature(_ bundle: ContentBundle, _ key: Curve25519.Signing.PrivateKey) throws -> String {
      try key.signature(for: Data(bundle.encoded())).base64EncodedString()
    }
    let first = try bundle("1")
    serve(first, signed: try signature(first, key))
    expectApplied(await source.poll(), first)
    let second = try bundle("2")
    serve(second, signed: try signature(second, next))
    expectApplied(await source.poll(), second)
    let third = try bundle("3")
    for wrong in [
      try signature(first, key), try signature(third, Curve25519.Signing.PrivateKey()), "AAAA",
    ] {
      serve(third, signed: wrong)
      guard case .refused(let error) = await source.poll() else {
        Issue.record("it is not refused")
        return
      }
      #expect(error.code == .signatureMismatch)
    }
    serve(third, signed: nil)
    switch await source.poll() {
    case .refused, .failed: break
    default: Issue.record("it is taken without a signature")
    }
    #expect(source.status.current == second.digest)
    #expect(taker.taken == [first.digest, second.digest])
    // Once it is signed, it is taken, although the server's content did not change.
    serve(third, signed: try signature(third, key))
    expectApplied(await source.poll(), third)
    await source.close()
  }

  @Test func `A bundle and its signature that are replaced one after the other are taken together`()
    async throws
  {
    let key = Curve25519.Signing.PrivateKey()
    let signingKey = try BundleSigningKey(
      Data(key.publicKey.rawRepresentation).base64EncodedString())
    let old = try bundle("old")
    let new = try bundle("new")
    let signature = try key.signature(for: Data(new.encoded())).base64EncodedString()
    let server = try await BundleServer { _ in Answer() }
    let isReplaced = Flag()
    server.answer { request in
      if request.path.hasSuffix(".sig") {
        isReplaced.set()
        return Answer(body: Array(signature.utf8))
      }
      return Answer(body: isReplaced.isSet ? new.encoded() : old.encoded())
    }
    let source = try source(server, RemoteBundleOptions(signingKeys: [signingKey]))
    expectApplied(await source.poll(), new)
    await source.close()
  }
}
