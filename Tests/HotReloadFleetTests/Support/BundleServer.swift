import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP or HTTPS server on loopback that answers as a test tells it, also as no good server would.
final class BundleServer: Sendable {
  struct Request: Sendable {
    var path: String
    var headers: HTTPHeaders
  }

  struct Answer: Sendable {
    var status = 200
    var headers: HTTPHeaders = [:]
    var body: [UInt8] = []
    /// How many bytes of the body are sent before the connection is closed; nil for all.
    var cutAfter: Int?
    /// Whether nothing is ever answered.
    var isSilent = false
    /// Whether the length is not told before.
    var isChunked = false
  }

  /// What is answered, and what was asked.
  private final class Script: Sendable {
    private struct State {
      var answer: @Sendable (Request) -> Answer
      var requests: [Request] = []
    }

    private let state: Mutex<State>

    init(_ answer: @escaping @Sendable (Request) -> Answer) {
      state = Mutex(State(answer: answer))
    }

    var requests: [Request] { state.withLock { $0.requests } }

    func replace(_ answer: @escaping @Sendable (Request) -> Answer) {
      state.withLock { $0.answer = answer }
    }

    func take(_ request: Request) -> Answer {
      let answer = state.withLock { state in
        state.requests.append(request)
        return state.answer
      }
      return answer(request)
    }
  }

  private let script: Script
  private let channel: any Channel
  private let scheme: String

  /// - Parameter tls: what encrypts, if anything does.
  init(
    tls: NIOSSLContext? = nil, _ answer: @escaping @Sendable (Request) -> Answer
  ) async throws {
    let script = Script(answer)
    self.script = script
    scheme = tls == nil ? "http" : "https"
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Handler { script.take($0) })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  deinit { channel.close(promise: nil) }

  var requests: [Request] { script.requests }

  func url(_ path: String = "/bundle.json") -> String {
    "\(scheme)://127.0.0.1:\(channel.localAddress?.port ?? 0)\(path)"
  }

  /// From now on answers so.
  func answer(_ answer: @escaping @Sendable (Request) -> Answer) { script.replace(answer) }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let reply: (Request) -> Answer
    private var request: Request?

    init(_ reply: @escaping (Request) -> Answer) {
      self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): request = Request(path: head.uri, headers: head.headers)
      case .body: break
      case .end:
        guard let request else { return }
        send(reply(request), context)
      }
    }

    private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
      if answer.isSilent { return }
      var headers = answer.headers
      if answer.isChunked {
        headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
      } else if answer.status != 304 {
        headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.count)")
      }
      let head = HTTPResponseHead(
        version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      let body = answer.body.prefix(answer.cutAfter ?? .max)
      if !body.isEmpty {
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
      }
      if answer.cutAfter != nil {
        context.flush()
        context.close(promise: nil)
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}

/// A certificate of this machine that nobody trusts of themselves, made by openssl.
struct TestCertificate {
  let file: String
  let context: NIOSSLContext

  init(in folder: String) throws {
    file = folder + "/tls.pem"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout", folder + "/tls.key", "-out", file, "-days", "2", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) },
        privateKey: .privateKey(NIOSSLPrivateKey(file: folder + "/tls.key", format: .pem))))
  }
}
