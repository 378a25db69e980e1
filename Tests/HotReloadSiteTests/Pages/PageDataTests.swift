import HotReload
import HotReloadTesting
import Logging
import Testing
import WorkspaceTools

@testable import HotReloadSite

@Suite("The data of a page")
struct PageDataTests {
  @Test("are all configs under their names, and the request")
  func configs() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/site.toml", "title = \"Shop\"\n")
    try folder.write("config/shop.toml", "open = true\n")
    try folder.write("config/shop/menu.yaml", "items:\n- name: Espresso\n")
    let workspace = try Workspace(root: folder.root)
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        logger: Logger(label: "test") { _ in
          SwiftLogNoOpLogHandler()
        }))
    let configs = PageData.configs(of: manager.snapshot())
    let tree = PageData.tree(
      configs,
      PageData.Request(path: "/menu", method: "GET", query: [("q", "tea"), ("q", "coffee")]))
    #expect(tree.table?["site"]?.table?["title"]?.string == "Shop")
    let shop = try #require(tree.table?["shop"]?.table)
    #expect(shop["open"] == true)
    #expect(shop["menu"]?.table?["items"]?.array?.first?.table?["name"]?.string == "Espresso")
    let request = try #require(tree.table?["request"]?.table)
    #expect(request["path"]?.string == "/menu")
    #expect(request["query"]?.table?["q"]?.string == "coffee")
    try await manager.shutdown()
  }
}
