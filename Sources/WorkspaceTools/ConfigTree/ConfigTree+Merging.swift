extension ConfigTree {
  /// This tree with `overlay` laid on top: tables are merged key by key, at every depth; arrays,
  /// scalars and nulls of the overlay replace what was there.
  ///
  /// Keys keep this tree's order, new ones follow. A merged table keeps this tree's location.
  public func merging(_ overlay: ConfigTree) -> ConfigTree {
    guard case .table(var merged) = value, case .table(let upper) = overlay.value else {
      return overlay
    }
    for entry in upper {
      if let position = merged.position(of: entry.key) {
        merged.replaceValue(
          at: position, with: merged[position].value.merging(entry.value),
          keyPosition: entry.keyPosition)
      } else {
        merged.append(entry.key, entry.value, at: entry.keyPosition)
      }
    }
    return ConfigTree(.table(merged), location: location ?? overlay.location, origin: origin)
  }
}
