import Foundation
import SystemPackage
import Testing

@testable import WorkspaceTools

@Suite("Values from outside")
struct SubstitutionTests {
  private func toml(_ text: String) throws -> ConfigTree {
    try ConfigFormat.toml.parse(Array(text.utf8), file: "a.toml")
  }

  @Test("A variable replaces the value that its name's parts lead to, and takes its type")
  func environment() throws {
    let base = try toml(
      """
      name = "n"
      rate = 1.5
      on = true
      since = 2024-01-01
      tags = ["a"]
      ports = [1, 2]
      [server]
      port = 80
      maxConnections = 5
      idle_timeout = 3
      [[hosts]]
      name = "x"
      """)
    let layer = EnvironmentLayer(
      config: "app",
      environment: [
        "APP__NAME": "8", "APP__RATE": "2", "APP__ON": "off", "APP__SINCE": "2025-02-03",
        "APP__TAGS": "b, c", "APP__PORTS": "[3, 4]", "APP__SERVER__PORT": "8080",
        "APP__SERVER__MAX_CONNECTIONS": "9", "APP__SERVER__IDLETIMEOUT": "2.5",
        "APP__HOSTS__0__NAME": "y", "APP__HOSTS__1__NAME": "z", "APP__NEW__DEEP_KEY": "1",
        "APPLE__X": "no", "APP_X": "no", "OTHER": "no",
      ])
    let (tree, diagnostics) = layer.applied(to: base)
    #expect(diagnostics == [])
    #expect(
      tree.jsonText()
        == #"{"name":"8","rate":2.0,"on":false,"since":"2025-02-03","tags":["b","c"],"ports":[3,4],"#
        + #""server":{"port":8080,"maxConnections":9,"idle_timeout":2.5},"#
        + #""hosts":[{"name":"y"},{"name":"z"}],"new":{"deep_key":"1"}}"#)
    #expect(tree["server.port"]?.location?.description == "environment APP__SERVER__PORT")
    #expect(try tree["new"]?.decode([String: Int].self) == ["deep_key": 1])
    #expect(try tree["new"]?.decode([String: String].self) == ["deep_key": "1"])
  }

  @Test("A variable that does not fit is left out and reported, without its value")
  func environmentErrors() throws {
    let base = try toml("port = 80\non = true\nlist = [1]\nt = {}\nday = 2024-01-01\nrate = 1.5\n")
    let layer = EnvironmentLayer(
      config: "app",
      environment: [
        "APP__PORT": "hunter2", "APP__ON": "hunter2", "APP__LIST": "1,hunter2", "APP__T": "hunter2",
        "APP__DAY": "hunter2", "APP__RATE": "hunter2", "APP__PORT__X": "1", "APP__LIST__5": "1",
        "APP____X": "1", "APP__": "1",
        "APP__" + Array(repeating: "A", count: 65).joined(separator: "__"): "1",
      ])
    let (tree, diagnostics) = layer.applied(to: base)
    #expect(tree == base)
    #expect(diagnostics.count == 11)
    #expect(!diagnostics.contains { $0.description.contains("hunter2") })
    #expect(
      diagnostics.contains {
        $0.description
          == "environment APP__PORT port: expected a number, as at a.toml:1:8, found another text"
      })
  }

  @Test("A config in a folder has the folder in its variables, and the longer name wins")
  func prefixes() {
    #expect(EnvironmentLayer.prefix(of: "sub/my-app") == "SUB__MY_APP__")
    let environment = ["SUB__APP__PORT": "1", "SUB__OTHER": "2"]
    let sub = EnvironmentLayer(
      config: "sub", environment: environment, otherConfigs: ["sub/app", "x"])
    #expect(sub.applied(to: ConfigTree(ConfigTable())).tree == ConfigTree(["other": "2"]))
    let app = EnvironmentLayer(config: "sub/app", environment: environment, otherConfigs: ["sub"])
    #expect(app.applied(to: ConfigTree(ConfigTable())).tree == ConfigTree(["port": "1"]))
    #expect(EnvironmentLayer(config: "none", environment: environment).isEmpty)
  }

  private func interpolate(
    _ tree: ConfigTree, _ environment: [String: String] = [:], root: String = "/"
  ) -> Interpolation.Result {
    Interpolation(environment: environment, root: FilePath(root)).applied(to: tree)
  }

  @Test(
    "Variables are put into texts",
    arguments: [
      ("${A}", "1"), ("x${A}y${B}z", "x1ytwoz"), ("${NONE:-d}", "d"), ("${EMPTY:-d}", "d"),
      ("${A:-d}", "1"), ("${EMPTY}", ""), ("${NONE:-${B}-${NONE:-x}}", "two-x"), ("$${A}", "${A}"),
      ("$A $ $$", "$A $ $$"), ("${NONE:-$${x}}", "${x}"), ("${A:-${UNSET}}", "1"),
      ("é${B}", "étwo"),
      ("${LIKE}", "${A}"), ("}", "}"), ("${NONE:-}", ""),
    ])
  func variables(text: String, expected: String) {
    let environment = ["A": "1", "B": "two", "EMPTY": "", "LIKE": "${A}"]
    let tree = ConfigTree(["list": [ConfigTree(["k": ConfigTree(.string(text))])]])
    let result = interpolate(tree, environment)
    #expect(result.diagnostics == [])
    #expect(result.tree["list[0].k"]?.string == expected)
  }

  @Test(
    "What cannot be put in is reported at the text's place",
    arguments: [
      ("${NONE}", "the environment variable NONE is not set; set it, or write ${NONE:-default}"),
      ("${A", "expected \"}\" or \":-\" after \"${A\""),
      ("${A-x}", "expected \"}\" or \":-\" after \"${A\""),
      ("${}", "\"${\" needs a variable's name; write \"$${\" for the characters themselves"),
      ("${1}", "\"${\" needs a variable's name; write \"$${\" for the characters themselves"),
      ("${A:-x", "\"${\" without its \"}\""), ("${NONE:-x", "\"${\" without its \"}\""),
      ("${file:x", "\"${file:\" without its \"}\""),
      ("${file:}", "\"${file:}\" needs the path of a file"),
      (String(repeating: "${N:-", count: 40), "defaults nested more than 16 deep"),
    ])
  func interpolationErrors(text: String, message: String) throws {
    let tree = try toml("[s]\nk = '\(text.replacing("N:-", with: "N:-"))'")
    let result = interpolate(tree, ["A": "1"])
    if text.hasPrefix("${N:-") {
      #expect(result.diagnostics.count == 1)
    } else {
      #expect(result.diagnostics.map(\.description) == ["a.toml:2:5 s.k: \(message)"])
    }
    #expect(result.tree == tree)
  }

  @Test("A text that something was put into decodes as a number; one that was written does not")
  func leniency() throws {
    let tree = interpolate(
      ConfigTree(["a": "${P}", "b": "8080", "c": "${T}", "d": "$${"]), ["P": "8080", "T": "true"]
    ).tree
    #expect(try tree["a"]?.decode(Int.self) == 8080)
    #expect(try tree["a"]?.decode(Double.self) == 8080)
    #expect(try tree["a"]?.decode(String.self) == "8080")
    #expect(try tree["c"]?.decode(Bool.self) == true)
    #expect(throws: ConfigDiagnostic.self) { try tree["b"]?.decode(Int.self) }
    #expect(throws: ConfigDiagnostic.self) { try tree["a"]?.decode(UInt8.self) }
    #expect(tree["d"]?.origin == .document)
  }

  @Test("Files are put in without their last line end, once each, and bounded")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    try write("one", Array("s3cret\n\n".utf8))
    try write("crlf", Array("x\r\n".utf8))
    try write("bad", [0xFF])
    try write("large", [UInt8](repeating: 65, count: Interpolation.maximumFileSize + 1))
    let tree = ConfigTree([
      "a": "${file:one}", "b": ConfigTree(.string("<${file:\(folder.path)/one}>")),
      "c": "${file:crlf}",
      "d": "${file:bad}", "e": "${file:large}", "f": "${file:none}", "g": "${file:.}",
    ])
    let result = interpolate(tree, root: folder.path)
    #expect(result.tree["a"] == "s3cret\n")
    #expect(result.tree["b"] == "<s3cret\n>")
    #expect(result.tree["c"] == "x")
    #expect(result.diagnostics.map(\.keyPath) == ["d", "e", "f", "g"])
    #expect(result.files.count == 6)
    #expect(result.files.first == FilePath(folder.path).appending("one"))
  }
}
