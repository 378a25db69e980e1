import HTTPTypes
import Hummingbird

/// What a browser gets while the program behind a proxy has no answer: a whole page, so that the client can be put into it,
/// and reload it when there is one.
struct ProxyPage: Sendable {
  /// The most of a build's output that is shown, in characters.
  static let maximumOutput = 64_000

  var status: HTTPResponse.Status
  var title: String
  var text: String
  var output: String?

  static func away(_ upstream: ProxyUpstream, problem: String) -> ProxyPage {
    ProxyPage(
      status: .badGateway, title: "The program behind is not there",
      text: """
        \(upstream) cannot be reached: \(problem). Start the program that serves your site so that it listens there, or name another \
        address with --proxy. This page loads again by itself when it answers.
        """)
  }

  static func brokenOff(_ upstream: ProxyUpstream, problem: String) -> ProxyPage {
    ProxyPage(
      status: .badGateway, title: "The program behind gave no answer",
      text: """
        \(upstream) took the request, and then: \(problem). Look at what the program printed; it may have ended while it \
        worked on the request.
        """)
  }

  static func building(since: ContinuousClock.Instant) -> ProxyPage {
    let seconds = (ContinuousClock.now - since).components.seconds
    return ProxyPage(
      status: .serviceUnavailable, title: "The program is still being built",
      text:
        "The build has been running for \(seconds) seconds. This page loads again when it is done.")
  }

  static func buildFailed(output: String) -> ProxyPage {
    ProxyPage(
      status: .badGateway, title: "The build failed",
      text: "No program runs that could answer. Mend this, and the page loads again.",
      output: output)
  }

  static func full(_ upstream: ProxyUpstream, limit: Int) -> ProxyPage {
    ProxyPage(
      status: .serviceUnavailable, title: "Too many requests at once",
      text:
        "\(limit) requests are open to \(upstream), which is the limit. Close some tabs, or look for a stream that never ends."
    )
  }

  static let ending = ProxyPage(
    status: .serviceUnavailable, title: "The development server is ending",
    text: "Start it again to go on.")

  var response: Response {
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
      .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
    ]
    if status == .serviceUnavailable { headers[.retryAfter] = "1" }
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  private var html: String {
    let details = output.map {
      "\n<pre>\(PageScript.escaped(String($0.suffix(Self.maximumOutput))))</pre>"
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(PageScript.escaped(title))</title>
      <style>
      :root { color-scheme: light dark }
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 12vh auto; padding: 0 1.5rem }
      h1 { font-size: 1.5rem; line-height: 1.2 }
      pre { overflow-x: auto; padding: 1rem; border: 1px solid; border-radius: .5rem; font-size: .875rem }
      </style>
      </head>
      <body>
      <main>
      <h1>\(PageScript.escaped(title))</h1>
      <p>\(PageScript.escaped(text))</p>\(details ?? "")
      </main>
      </body>
      </html>

      """
  }
}
