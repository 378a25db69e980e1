import HotReload
import WorkspaceTools

struct AppConfig: Decodable, Sendable {
  var greeting: String
  var port: Int
}

let workspace = try Workspace.resolve()
try workspace.registerReloadHandler(matching: "app") { event in
  if case .validationFailed(_, let errors) = event { print("refused:", errors) }
}
let config = try await workspace.watchConfigChanges("app", as: AppConfig.self)
print("starting with", config.current)
for await newer in config { print("now", newer) }
