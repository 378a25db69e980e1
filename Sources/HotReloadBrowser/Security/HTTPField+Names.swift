import HTTPTypes

// Each is a valid name, which is all that the initialiser asks for.
extension HTTPField.Name {
  /// `HTTPTypes` makes the authority of the first `Host`, and lets nobody say its name.
  static let secondHost = Self("Host")!
  static let fetchSite = Self("Sec-Fetch-Site")!
  static let fetchMode = Self("Sec-Fetch-Mode")!
  static let fetchDestination = Self("Sec-Fetch-Dest")!
  static let hotReloadToken = Self("X-HotReload-Token")!
  static let acceleratedBuffering = Self("X-Accel-Buffering")!
  static let resourcePolicy = Self("Cross-Origin-Resource-Policy")!
}
