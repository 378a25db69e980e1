/// The Content Security Policies of an answer, and the least that must be added for live reload to work under them.
///
/// An answer may have several: in several headers, or in one, separated by commas. What one of them forbids is forbidden. Policies that
/// need no change keep their text. `Content-Security-Policy-Report-Only` forbids nothing and is not for this type; neither is a policy
/// in a `<meta>` element, which nobody can amend in a header: a page with one must allow `'self'` in `connect-src` itself.
public struct ContentSecurityPolicy: Sendable, Hashable {
  private var policies: [Policy]

  /// Reads the values of all `Content-Security-Policy` headers of an answer.
  public init(headers: [String]) {
    policies = headers.flatMap { $0.split(separator: ",") }.map { Policy(String($0.trimmed)) }
      .filter { !$0.directives.isEmpty }
  }

  /// The policies, a value for a header each.
  public var headerValues: [String] { policies.map(\.text) }

  /// Lets the client's script, which is of the page's origin, be loaded, and lets it connect to its origin.
  ///
  /// `'self'` is added where sources are listed by place, to a `script-src` or `connect-src` of their own if only `default-src` is
  /// there, so that nothing else becomes allowed. Where scripts are trusted by nonce or hash, the script gets a nonce: that of the policy,
  /// or a fresh one.
  ///
  /// - Parameters:
  ///   - freshNonce: makes a nonce, in base64.
  /// - Returns: the nonce that the script must carry; nil if none is needed.
  public mutating func admitLiveReload(freshNonce: () -> String) -> String? {
    var nonce = policies.lazy.compactMap { $0.scriptSources?.nonce }.first
    for index in policies.indices {
      policies[index].admitScript { [known = nonce] in
        let value = known ?? freshNonce()
        nonce = value
        return value
      }
      policies[index].admitConnection()
    }
    return nonce
  }
}

/// One policy.
private struct Policy: Sendable, Hashable {
  struct Directive: Sendable, Hashable {
    /// In lower case.
    var name: String
    var sources: [String]
  }

  /// As it was, or as it was changed.
  private(set) var text: String
  private(set) var directives: [Directive]

  init(_ text: String) {
    self.text = text
    directives = text.split(separator: ";").compactMap { part in
      let words = part.split { $0.isASCII && $0.isWhitespace }.map(String.init)
      guard let name = words.first else { return nil }
      return Directive(name: name.lowercased(), sources: Array(words.dropFirst()))
    }
  }

  /// The first of these directives that is there; of several with one name only the first counts.
  private func index(of names: [String]) -> Int? {
    for name in names {
      if let index = directives.firstIndex(where: { $0.name == name }) { return index }
    }
    return nil
  }

  var scriptSources: SourceList? {
    index(of: ["script-src-elem", "script-src", "default-src"]).map {
      SourceList(directives[$0].sources)
    }
  }

  mutating func admitScript(nonce: () -> String) {
    guard let index = index(of: ["script-src-elem", "script-src", "default-src"]) else { return }
    var list = SourceList(directives[index].sources)
    if list.trustsByNonceOrHash {
      let nonce = nonce()
      guard !list.contains(nonce: nonce) else { return }
      list.add("'nonce-\(nonce)'")
    } else {
      guard !list.containsOrigin else { return }
      list.add("'self'")
    }
    replace(index, with: list, as: "script-src")
  }

  mutating func admitConnection() {
    guard let index = index(of: ["connect-src", "default-src"]) else { return }
    var list = SourceList(directives[index].sources)
    guard !list.containsOrigin else { return }
    if directives[index].name == "default-src" { list.keepPlaces() }
    list.add("'self'")
    replace(index, with: list, as: "connect-src")
  }

  private mutating func replace(_ index: Int, with list: SourceList, as name: String) {
    if directives[index].name == "default-src" {
      directives.append(Directive(name: name, sources: list.sources))
    } else {
      directives[index].sources = list.sources
    }
    text = directives.map { ([$0.name] + $0.sources).joined(separator: " ") }
      .joined(separator: "; ")
  }
}

/// The sources of a directive.
private struct SourceList {
  private(set) var sources: [String]

  init(_ sources: [String]) { self.sources = sources }

  /// The first nonce that is one: in base64, either alphabet.
  var nonce: String? {
    sources.lazy.compactMap(Self.nonce).first
  }

  func contains(nonce: String) -> Bool { sources.contains { Self.nonce($0) == nonce } }

  /// Whether the place of a script does not matter, or may not matter: then a nonce is the least that admits one.
  var trustsByNonceOrHash: Bool {
    let words = sources.map { $0.lowercased() }
    if words.contains("'strict-dynamic'") || nonce != nil { return true }
    let places = words.filter { !$0.hasPrefix("'") || $0 == "'self'" || $0 == "'unsafe-inline'" }
    return places.isEmpty && words.contains(where: Self.isHash)
  }

  /// Whether the page's own origin is among the places. Hosts and schemes are not compared with it: to add `'self'` then is harmless.
  var containsOrigin: Bool {
    sources.contains { $0 == "*" || $0.lowercased() == "'self'" }
  }

  /// Leaves out what only concerns scripts and styles.
  mutating func keepPlaces() {
    sources.removeAll { $0.hasPrefix("'") && !["'self'", "'none'"].contains($0.lowercased()) }
  }

  mutating func add(_ source: String) {
    sources.removeAll { $0.lowercased() == "'none'" }
    sources.append(source)
  }

  private static func nonce(_ source: String) -> String? {
    guard source.lowercased().hasPrefix("'nonce-"), source.hasSuffix("'") else { return nil }
    let value = source.dropFirst("'nonce-".count).dropLast()
    let isBase64 = value.utf8.allSatisfy {
      $0.isASCIILetter || (0x30...0x39).contains($0) || Array("+/-_=".utf8).contains($0)
    }
    return value.isEmpty || !isBase64 ? nil : String(value)
  }

  private static func isHash(_ source: String) -> Bool {
    source.hasPrefix("'sha256-") || source.hasPrefix("'sha384-") || source.hasPrefix("'sha512-")
  }
}
