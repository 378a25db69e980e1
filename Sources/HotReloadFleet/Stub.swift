public struct BundleScope: Sendable {
  public var include: [String] = []; public var exclude: [String] = [];
  public var allowsSecrets = false
  public init() {}
}
