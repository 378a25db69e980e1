/// A template asks for an asset that is not there.
public struct AssetNotFound: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name that was asked for.
  public var name: String
  /// The paths that were looked for, relative to the workspace's root.
  public var tried: [String]
  /// Paths of assets that may have been meant.
  public var similar: [String]

  /// `there is no asset "ap.css" (looked for static/ap.css, assets/ap.css); is it static/app.css?`
  public var description: String {
    let question = similar.isEmpty ? "" : "; is it \(similar.joined(separator: " or "))?"
    return "there is no asset \"\(name)\" (looked for \(tried.joined(separator: ", ")))\(question)"
  }
}
