public import HotReload

/// How an instance is doing. In JSON it is the manager's status with one more member, `instance`.
public struct ControlStatus: Sendable, Hashable {
  /// The process and its workspace.
  public var instance: ControlInstance
  /// How its manager is doing.
  public var status: HotReloadStatus.Document

  /// Creates one.
  public init(instance: ControlInstance, status: HotReloadStatus.Document) {
    self.instance = instance
    self.status = status
  }
}

extension ControlStatus: Codable {
  private enum Key: String, CodingKey {
    case instance
  }

  /// Reads both from one object.
  public init(from decoder: any Decoder) throws {
    instance = try decoder.container(keyedBy: Key.self).decode(
      ControlInstance.self, forKey: .instance)
    status = try HotReloadStatus.Document(from: decoder)
  }

  /// Writes both into one object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(instance, forKey: .instance)
    try status.encode(to: encoder)
  }
}
