import HotReload
import WorkspaceTools

/// What a page can show: every config under its name, and the request.
///
/// The config `site` is `site`, the config `shop/menu` is `menu` of `shop`. `request` has `path`, `method`, `query` and
/// `form`, the last two with the value of each field.
struct PageData: Sendable {
  /// The name under which the request stands; a config of that name is not seen.
  static let request = "request"

  /// What the page was asked for with.
  struct Request: Sendable {
    var path: String
    var method: String
    var query: [(name: String, value: String)] = []
    var form: [(name: String, value: String)] = []
  }

  /// The configs in force, as one tree.
  static func configs(of snapshot: Snapshot) -> ConfigTable {
    var root = ConfigTable()
    for name in snapshot.configNames {
      guard let tree = snapshot.config(name) else { continue }
      root.put(tree, at: name.split(separator: "/").map(String.init)[...])
    }
    return root
  }

  /// All of it.
  static func tree(_ configs: ConfigTable, _ request: Request) -> ConfigTree {
    var root = configs
    root[Self.request] = ConfigTree([
      "path": ConfigTree(.string(request.path)), "method": ConfigTree(.string(request.method)),
      "query": fields(request.query), "form": fields(request.form),
    ])
    return ConfigTree(root)
  }

  private static func fields(_ pairs: [(name: String, value: String)]) -> ConfigTree {
    var table = ConfigTable()
    for pair in pairs { table[pair.name] = ConfigTree(.string(pair.value)) }
    return ConfigTree(table)
  }
}

extension ConfigTable {
  /// Puts a config at its place; one of a folder's name keeps its own values beside those below.
  fileprivate mutating func put(_ tree: ConfigTree, at path: ArraySlice<String>) {
    guard let key = path.first else { return }
    let rest = path.dropFirst()
    guard !rest.isEmpty else {
      guard let old = self[key]?.table, let new = tree.table else {
        self[key] = tree
        return
      }
      var merged = old
      for entry in new { merged[entry.key] = entry.value }
      self[key] = ConfigTree(merged)
      return
    }
    var below = self[key]?.table ?? ConfigTable()
    below.put(tree, at: rest)
    self[key] = ConfigTree(below)
  }
}
