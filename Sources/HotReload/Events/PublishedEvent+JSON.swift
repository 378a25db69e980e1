public import WorkspaceTools

extension PublishedEvent {
  /// The event as one JSON object on one line, without the line's end, for programs and other machines.
  ///
  /// Every object has `event` (a ``ChangeEvent/Kind``), `time` (ns since 1970), `generation` and `id`, if the event is
  /// about something `unit` (a ``UnitID/Kind``), and after them:
  ///
  /// | `event` | members |
  /// |---|---|
  /// | `configChanged` | `config`, `changed` (key paths) and `old`, both only if it is not new, `value` |
  /// | `fileChanged` | `path`, `change` (a ``ChangeType/Kind``), `from` if it was renamed |
  /// | `templateChanged`, `assetChanged` | `paths` |
  /// | `validationFailed` | `config`, `errors`: objects of `file`, `line`, `column`, `keyPath` as far as they are known, and `message` |
  /// | `reloadCompleted` | `config`, `duration` (ns) |
  /// | `recovered` | `config` |
  /// | `rolledBack` | `config`, `reason` |
  /// | `watchDegraded` | `path`, `reason` |
  /// | `watchRestored` | `path` |
  /// | `rescanned` | `reason`: `overflow` or `rootChanged` |
  ///
  /// Paths are relative to the root. One that is not UTF-8 has U+FFFD in it, and its bytes in base64 in a member of
  /// the same name with `Bytes`. Dates are ISO 8601 strings, infinities and NaN the strings `inf`, `-inf` and
  /// `nan`. Later versions may add events and members, and change none.
  ///
  /// - Parameter rules: the keys whose values are replaced by ``RedactionRules/replacement``; that one changed still
  ///   stands in `changed`. ``RedactionRules/none`` shows all.
  public func jsonBytes(redacting rules: RedactionRules = .default) -> [UInt8] {
    var object = JSONObject(event: event.kind.rawValue, time: time)
    object.add("generation", generation)
    object.add("id", id)
    if let unit { object.add("unit", unit.kind.rawValue) }
    switch event {
    case .configChanged(let name, let old, let new):
      object.add("config", name)
      if let old {
        object.add("changed", new.difference(from: old).map(\.keyPath.description))
        object.add("old", json: old.jsonBytes(redacting: rules))
      }
      object.add("value", json: new.jsonBytes(redacting: rules))
    case .fileChanged(let path, let change):
      object.add("path", path: path)
      object.add("change", change.kind.rawValue)
      if case .renamed(let from) = change { object.add("from", path: from) }
    case .templateChanged(let paths), .assetChanged(let paths):
      object.add("paths", paths.map(\.string))
    case .validationFailed(let name, let errors):
      object.add("config", name)
      object.add("errors", errors.map { $0.redacted(by: rules) })
    case .reloadCompleted(let name, let duration):
      object.add("config", name)
      let (seconds, attoseconds) = duration.components
      object.add("duration", seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
    case .recovered(let name):
      object.add("config", name)
    case .rolledBack(let name, let reason):
      object.add("config", name)
      object.add("reason", reason)
    case .watchDegraded(let path, let reason):
      object.add("path", path: path)
      object.add("reason", reason.description)
    case .watchRestored(let path):
      object.add("path", path: path)
    case .rescanned(let reason):
      object.add("reason", reason.rawValue)
    }
    return object.finished
  }

  /// ``jsonBytes(redacting:)`` as a text.
  public func jsonText(redacting rules: RedactionRules = .default) -> String {
    String(decoding: jsonBytes(redacting: rules), as: UTF8.self)
  }
}
