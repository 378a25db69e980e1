extension AssetManifest {
  /// The hashed URL path of an asset; nil if there is none of that name.
  ///
  /// While a page is rendered, ``RenderUsage/current`` notes that it uses the asset, or waits for it.
  /// - Parameter name: `app.css` is `static/app.css` or else `assets/app.css`; a path relative to the root, with or without a
  ///   slash in front, is what it says. What follows `?` or `#` is kept.
  public func url(for name: String) -> String? {
    let end = name.firstIndex { $0 == "?" || $0 == "#" } ?? name.endIndex
    let candidates = Self.paths(named: name[..<end])
    for path in candidates {
      guard let asset = self[path] else { continue }
      RenderUsage.current?.note(.asset(path))
      return asset.hashedURLPath + name[end...]
    }
    for path in candidates { RenderUsage.current?.note(.asset(path)) }
    return nil
  }

  /// The same, for who cannot go on without.
  /// - Throws: ``AssetNotFound``.
  public func requiredURL(for name: String) throws(AssetNotFound) -> String {
    if let url = url(for: name) { return url }
    let end = name.firstIndex { $0 == "?" || $0 == "#" } ?? name.endIndex
    let tried = Self.paths(named: name[..<end])
    throw AssetNotFound(name: name, tried: tried, similar: similarPaths(to: tried.first ?? name))
  }

  private static func paths(named name: Substring) -> [String] {
    let path = name.hasPrefix("/") ? name.dropFirst() : name
    if AssetSource.folders.contains(where: { path.hasPrefix("\($0)/") }) { return [String(path)] }
    return AssetSource.folders.map { "\($0)/\(path)" }
  }

  /// So many assets are compared with a name that is none, and so many are proposed.
  private static let maximumCompared = 5_000
  private static let maximumSimilar = 3

  /// The paths of assets that somebody may have meant, the nearest first.
  private func similarPaths(to path: String) -> [String] {
    let name = path.split(separator: "/").last
    var similar: [(distance: Int, path: String)] = []
    for asset in all.prefix(Self.maximumCompared) {
      let limit = max(1, min(path.count, asset.path.count) / 4)
      if asset.path.split(separator: "/").last == name {
        similar.append((0, asset.path))
      } else if let distance = EditDistance.between(path, asset.path, limit: limit) {
        similar.append((distance, asset.path))
      }
    }
    return similar.sorted { ($0.distance, $0.path) < ($1.distance, $1.path) }
      .prefix(Self.maximumSimilar).map(\.path)
  }
}

/// How many insertions, deletions and replacements of a character lead from one text to another (Levenshtein, 1966).
private enum EditDistance {
  /// - Returns: nil if there are more than `limit`.
  static func between(_ left: String, _ right: String, limit: Int) -> Int? {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard abs(left.count - right.count) <= limit else { return nil }
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in 1..<row.count {
        let replaced = diagonal + (byte == right[column - 1] ? 0 : 1)
        diagonal = row[column]
        row[column] = min(replaced, row[column] + 1, row[column - 1] + 1)
      }
      if row.allSatisfy({ $0 > limit }) { return nil }
    }
    return row.last.flatMap { $0 <= limit ? $0 : nil }
  }
}
