import Foundation
import NIOSSL
public import SystemPackage

/// How an ``EtcdStore`` reaches its etcd.
public struct EtcdOptions: Sendable {
  /// Who is trusted, and who we are.
  public struct TLS: Sendable {
    /// A file of the certificates that are trusted, in PEM; nil for those that the system trusts.
    public var trustRoots: FilePath?
    /// A file of our certificate, in PEM, if the server wants one.
    public var certificate: FilePath?
    /// A file of its key, in PEM.
    public var key: FilePath?

    /// Creates it.
    public init(
      trustRoots: FilePath? = nil, certificate: FilePath? = nil, key: FilePath? = nil
    ) {
      self.trustRoots = trustRoots
      self.certificate = certificate
      self.key = key
    }
  }

  /// A user of etcd's authentication.
  public struct Credentials: Sendable {
    /// The name.
    public var user: String
    /// The password.
    public var password: String

    /// Creates them.
    public init(user: String, password: String) {
      self.user = user
      self.password = password
    }
  }

  /// The most bytes of a namespace.
  public static let namespaceBytes = 64
  /// The most endpoints.
  public static let maximumEndpoints = 16

  /// The members' client addresses, such as `https://etcd-1:2379`; 1 to ``maximumEndpoints``. If one does not answer, the next is
  /// asked.
  public var endpoints: [String]
  /// What all keys begin with in etcd, so that fleets, and other programs, can share one: 1 to ``namespaceBytes`` bytes. A user of
  /// etcd's authentication needs to read and write this prefix.
  public var namespace: String
  /// The user, if etcd wants one.
  public var credentials: Credentials?
  /// For `https` addresses.
  public var tls: TLS
  /// How long one endpoint may take for an answer. Default 5 s.
  public var requestTimeout: Duration
  /// How long a watch may say nothing before it is opened anew, behind which the range is read again. Default 10 s.
  public var silenceLimit: Duration

  /// Creates options.
  public init(
    endpoints: [String], namespace: String = "/hotreload/default",
    credentials: Credentials? = nil, tls: TLS = TLS(),
    requestTimeout: Duration = .seconds(5), silenceLimit: Duration = .seconds(10)
  ) {
    self.endpoints = endpoints
    self.namespace = namespace
    self.credentials = credentials
    self.tls = tls
    self.requestTimeout = requestTimeout
    self.silenceLimit = silenceLimit
  }

  /// The endpoints without a slash at their ends.
  func validate() throws(StoreError) -> [String] {
    guard (1...Self.maximumEndpoints).contains(endpoints.count) else {
      throw .invalidEtcd(
        "\(endpoints.count) endpoints were given; 1 to \(Self.maximumEndpoints) are possible")
    }
    guard (1...Self.namespaceBytes).contains(namespace.utf8.count) else {
      throw .invalidEtcd("the namespace must have 1 to \(Self.namespaceBytes) bytes")
    }
    guard requestTimeout > .zero, silenceLimit > .zero else {
      throw .invalidEtcd("times must be greater than 0")
    }
    var valid: [String] = []
    for text in endpoints {
      let address = text.hasSuffix("/") ? String(text.dropLast()) : text
      guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
        ["http", "https"].contains(scheme), let host = url.host, !host.isEmpty, url.path.isEmpty,
        url.query == nil
      else {
        throw .invalidEtcd("an endpoint is no address such as https://etcd-1:2379")
      }
      guard url.user == nil, url.password == nil else {
        throw .invalidEtcd(
          "the endpoint at \(host) has a user or a password in it; give them as credentials")
      }
      valid.append(address)
    }
    return valid
  }

  func tlsConfiguration() throws(StoreError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let file = tls.trustRoots { configuration.trustRoots = .file(file.string) }
    do {
      if let file = tls.certificate {
        configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file.string)
          .map { .certificate($0) }
      }
      if let file = tls.key {
        configuration.privateKey = .privateKey(
          try NIOSSLPrivateKey(file: file.string, format: .pem))
      }
    } catch {
      throw StoreError(
        .invalidOptions, "the certificate or the key for etcd cannot be read: \(error)",
        cause: error)
    }
    return configuration
  }
}

extension StoreError {
  fileprivate static func invalidEtcd(_ text: String) -> StoreError {
    StoreError(.invalidOptions, "the options for etcd are wrong: \(text)")
  }
}
