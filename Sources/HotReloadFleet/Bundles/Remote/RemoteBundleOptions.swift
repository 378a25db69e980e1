import NIOSSL
public import SystemPackage

/// How a ``RemoteBundleSource`` asks its server, and what it believes.
public struct RemoteBundleOptions: Sendable {
  /// The most ``signingKeys``.
  public static let maximumKeys = 8
  /// The most ``headers``.
  public static let maximumHeaders = 32

  /// Time between two requests when all is well. Default 30 s; 1 s to a day.
  public var interval: Duration
  /// By which part of it the interval is made longer or shorter at random, so that a fleet does not ask at once. Default 0.1; 0 to 0.5.
  public var jitter: Double
  /// The pause after a first failure; it doubles with each further one. Default 1 s; 10 ms to an hour.
  public var firstDelay: Duration
  /// The longest pause that comes of doubling. Default 5 min; not below ``firstDelay``, up to a day.
  public var maximumDelay: Duration
  /// The longest pause that the server may ask for by `Retry-After`. Default an hour; up to a day.
  public var maximumRetryAfter: Duration
  /// How long an answer may take, with its content. Default 30 s; 10 ms to an hour.
  public var requestTimeout: Duration
  /// The most bytes of an answer. Default ``ContentBundle/maximumEncodedBytes``, which is also the most.
  public var maximumBytes: Int
  /// A file of the certificates that are trusted, in PEM; nil for those that the system trusts.
  public var trustRoots: FilePath?
  /// Headers of the requests, such as `Authorization`. They go to the host of the URL alone, not to where it redirects.
  public var headers: [String: String]
  /// Whose signature a bundle must have: one of these keys. Several let a key be changed. Empty: no signature is asked for.
  ///
  /// It is over the bytes of the answer, in base64, in the header `Hotreload-Signature` or, if there is none, under the URL with `.sig` at
  /// the end of its path.
  public var signingKeys: [BundleSigningKey]
  /// The only bundle that is accepted; nil for any.
  public var pinnedDigest: BundleDigest?
  /// Whether the answer must have a `Repr-Digest`, `Content-Digest` or `Digest` with a SHA-256. If it has one it must be right in any
  /// case. It tells damage, not forgery. Default false.
  public var requiresDigestHeader: Bool

  /// Creates options; what is not given has its default.
  public init(
    interval: Duration = .seconds(30), jitter: Double = 0.1, firstDelay: Duration = .seconds(1),
    maximumDelay: Duration = .seconds(300), maximumRetryAfter: Duration = .seconds(3_600),
    requestTimeout: Duration = .seconds(30), maximumBytes: Int = ContentBundle.maximumEncodedBytes,
    trustRoots: FilePath? = nil, headers: [String: String] = [:],
    signingKeys: [BundleSigningKey] = [], pinnedDigest: BundleDigest? = nil,
    requiresDigestHeader: Bool = false
  ) {
    self.interval = interval
    self.jitter = jitter
    self.firstDelay = firstDelay
    self.maximumDelay = maximumDelay
    self.maximumRetryAfter = maximumRetryAfter
    self.requestTimeout = requestTimeout
    self.maximumBytes = maximumBytes
    self.trustRoots = trustRoots
    self.headers = headers
    self.signingKeys = signingKeys
    self.pinnedDigest = pinnedDigest
    self.requiresDigestHeader = requiresDigestHeader
  }

  /// Checks every option.
  /// - Throws: ``BundleError`` with the code `invalidOptions`, which names all that are wrong.
  public func validate() throws(BundleError) {
    var problems: [String] = []
    func check<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) {
      guard !range.contains(value) else { return }
      problems.append("\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    let day = Duration.seconds(86_400)
    check("interval", interval, .seconds(1)...day)
    check("jitter", jitter, 0...0.5)
    check("firstDelay", firstDelay, .milliseconds(10) ... .seconds(3_600))
    check("maximumDelay", maximumDelay, min(firstDelay, day)...day)
    check("maximumRetryAfter", maximumRetryAfter, .zero...day)
    check("requestTimeout", requestTimeout, .milliseconds(10) ... .seconds(3_600))
    check("maximumBytes", maximumBytes, 1...ContentBundle.maximumEncodedBytes)
    check("the number of signingKeys", signingKeys.count, 0...Self.maximumKeys)
    check("the number of headers", headers.count, 0...Self.maximumHeaders)
    for (name, value) in headers where !Self.isHeader(name, value) {
      problems.append(
        "the header \(name.debugDescription) cannot be sent: its name or value is malformed")
    }
    if let pinnedDigest, !pinnedDigest.isSHA256 {
      problems.append("pinnedDigest is not 64 hexadecimal digits in lower case")
    }
    guard problems.isEmpty else {
      throw BundleError(
        .invalidOptions,
        "the options of the source of bundles are wrong: \(problems.joined(separator: "; "))")
    }
  }

  /// Whether something besides the connection proves what a bundle is.
  var provesContent: Bool { !signingKeys.isEmpty || pinnedDigest != nil }

  private static func isHeader(_ name: String, _ value: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains($0) }
      && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  func tlsConfiguration() throws(BundleError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    guard let trustRoots else { return configuration }
    do {
      configuration.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMFile(trustRoots.string))
      return configuration
    } catch {
      throw BundleError(
        .invalidOptions, "the certificates in \(trustRoots) cannot be read: \(error)", cause: error)
    }
  }
}
