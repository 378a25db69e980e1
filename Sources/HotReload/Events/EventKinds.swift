extension ChangeEvent {
  /// Which of the events it is. The raw values are the names in JSON.
  ///
  /// Later versions add kinds.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// See ``ChangeEvent/configChanged(name:old:new:)``.
    case configChanged
    /// See ``ChangeEvent/fileChanged(path:change:)``.
    case fileChanged
    /// See ``ChangeEvent/templateChanged(paths:)``.
    case templateChanged
    /// See ``ChangeEvent/assetChanged(paths:)``.
    case assetChanged
    /// See ``ChangeEvent/validationFailed(name:errors:)``.
    case validationFailed
    /// See ``ChangeEvent/reloadCompleted(name:duration:)``.
    case reloadCompleted
    /// See ``ChangeEvent/recovered(name:)``.
    case recovered
    /// See ``ChangeEvent/rolledBack(name:reason:)``.
    case rolledBack
    /// See ``ChangeEvent/watchDegraded(path:reason:)``.
    case watchDegraded
    /// See ``ChangeEvent/watchRestored(path:)``.
    case watchRestored
    /// See ``ChangeEvent/rescanned(_:)``.
    case rescanned
  }

  /// Which of the events it is.
  public var kind: Kind {
    switch self {
    case .configChanged: .configChanged
    case .fileChanged: .fileChanged
    case .templateChanged: .templateChanged
    case .assetChanged: .assetChanged
    case .validationFailed: .validationFailed
    case .reloadCompleted: .reloadCompleted
    case .recovered: .recovered
    case .rolledBack: .rolledBack
    case .watchDegraded: .watchDegraded
    case .watchRestored: .watchRestored
    case .rescanned: .rescanned
    }
  }

  /// What happened to the file, if the event is about one.
  var change: ChangeType? {
    if case .fileChanged(_, let change) = self { change } else { nil }
  }
}

extension ChangeType {
  /// Which of the changes it is. The raw values are the names in JSON.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// See ``ChangeType/modified``.
    case modified
    /// See ``ChangeType/created``.
    case created
    /// See ``ChangeType/deleted``.
    case deleted
    /// See ``ChangeType/renamed(from:)``.
    case renamed
    /// See ``ChangeType/subtreeChanged``.
    case subtreeChanged
  }

  /// Which of the changes it is.
  public var kind: Kind {
    switch self {
    case .modified: .modified
    case .created: .created
    case .deleted: .deleted
    case .renamed: .renamed
    case .subtreeChanged: .subtreeChanged
    }
  }
}

extension UnitID {
  /// What a unit is made of. The raw values are the names in JSON.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A config.
    case config
    /// A group of raw files.
    case files
    /// Templates.
    case template
    /// Assets.
    case asset
    /// Any other file.
    case file
  }

  /// What it is made of.
  public var kind: Kind {
    switch self {
    case .config: .config
    case .files: .files
    case .templates: .template
    case .assets: .asset
    case .file: .file
    }
  }
}
