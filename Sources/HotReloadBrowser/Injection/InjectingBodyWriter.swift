import HTTPTypes
import Hummingbird

/// Passes the body of a page on, with an element inserted.
struct InjectingBodyWriter: ResponseBodyWriter {
  private var parent: any ResponseBodyWriter
  private let makeSnippet: @Sendable () -> String
  /// Made with the first bytes: until then it may become known what the page is made from.
  private var injector: HTMLInjector?

  init(parent: any ResponseBodyWriter, makeSnippet: @escaping @Sendable () -> String) {
    self.parent = parent
    self.makeSnippet = makeSnippet
  }

  mutating func write(_ buffer: ByteBuffer) async throws {
    var injector = injector ?? HTMLInjector(makeSnippet())
    let ready = injector.process(buffer)
    self.injector = injector
    // An empty piece would end a chunked body.
    if ready.readableBytes > 0 { try await parent.write(ready) }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    var injector = injector ?? HTMLInjector(makeSnippet())
    let rest = injector.finish()
    if rest.readableBytes > 0 { try await parent.write(rest) }
    try await parent.finish(trailingHeaders)
  }
}
