import Foundation
import HotReloadSite
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("The site that init makes")
struct InitialSiteTests {
  private let workspace: TemporaryWorkspace

  init() throws { workspace = try TemporaryWorkspace() }

  private func tree(_ folder: FilePath) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.string).filter {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: folder.appending($0).string, isDirectory: &isFolder)
      return !isFolder.boolValue
    }.sorted()
  }

  @Test("What is made is exactly what is listed, in an empty folder and in one that is missing")
  func made() throws {
    for folder in [workspace.root, workspace.root.appending("not/there")] {
      let made = try InitialSite.make(in: folder)
      #expect(made == InitialSite.files.map(\.path))
      for file in InitialSite.files {
        #expect(try workspace.read(folder.pushing(file.path)) == file.bytes, "\(file.path)")
      }
    }
    let listed = InitialSite.files.map(\.path.string).sorted()
    #expect(try tree(workspace.root.appending("not/there")) == listed)
  }

  @Test("A file that is in the way is named, and nothing is written")
  func refusal() throws {
    try workspace.write("config/menu.yaml", "mine: true\n")
    try workspace.write("static/app.css", "")
    #expect(throws: InitialSite.Failure.exists(["config/menu.yaml", "static/app.css"])) {
      try InitialSite.make(in: workspace.root)
    }
    #expect(try tree(workspace.root) == ["config/menu.yaml", "static/app.css"])
    #expect(try workspace.text("config/menu.yaml") == "mine: true\n")
  }

  @Test("A link that leads nowhere is in the way too")
  func danglingLink() throws {
    try workspace.symlink("README.md", to: "nowhere")
    #expect(throws: InitialSite.Failure.exists(["README.md"])) {
      try InitialSite.make(in: workspace.root)
    }
  }

  @Test("A file where a folder is needed leaves nothing behind")
  func fileForFolder() throws {
    try workspace.write("static", "")
    #expect(throws: InitialSite.Failure.self) { try InitialSite.make(in: workspace.root) }
    #expect(try tree(workspace.root) == ["static"])
    #expect(throws: InitialSite.Failure.notFolder(workspace.path("static"))) {
      try InitialSite.make(in: workspace.path("static"))
    }
  }

  @Test("Other files are left alone")
  func others() throws {
    try workspace.write("notes.txt", "mine")
    try InitialSite.make(in: workspace.root)
    #expect(try workspace.text("notes.txt") == "mine")
  }

  @Test("Every config is good, in development and in production")
  func configs() throws {
    try InitialSite.make(in: workspace.root)
    for environment in ["development", "production"] {
      let loader = ConfigLoader(
        workspace: try Workspace(
          root: workspace.root, environment: WorkspaceEnvironment(name: environment)))
      #expect(try loader.names() == ["articles", "menu", "site"])
      for name in try loader.names() { _ = try loader.load(name) }
    }
  }

  @Test("Every partial, layout and asset that a file names is there")
  func references() throws {
    let paths = Set(InitialSite.files.map(\.path.string))
    for file in InitialSite.files {
      let text = String(decoding: file.bytes, as: UTF8.self)
      switch file.path.extension {
      case "mustache":
        for match in text.matches(of: /\{\{[><]\s*([^}\s]+)\s*\}\}/) {
          #expect(paths.contains("templates/\(match.1).mustache"), "\(file.path)")
        }
        for match in text.matches(of: /\{\{#asset\}\}([^{]+)\{\{\/asset\}\}/) {
          #expect(paths.contains("static/\(match.1)"), "\(file.path)")
        }
      case "stencil":
        for match in text.matches(of: /\{% extends "([^"]+)" %\}/) {
          #expect(paths.contains("templates/\(match.1).stencil"), "\(file.path)")
        }
        for match in text.matches(of: /"([^"]+)"\|asset/) {
          #expect(paths.contains("static/\(match.1)"), "\(file.path)")
        }
      case "css":
        for match in text.matches(of: /url\("([^"]+)"\)/) {
          #expect(paths.contains("static/\(match.1)"), "\(file.path)")
        }
      default: break
      }
    }
  }

  @Test("The doctor finds the new workspace in order")
  func healthy() throws {
    try InitialSite.make(in: workspace.root)
    let findings = Doctor.examine(try Workspace(root: workspace.root), port: 0)
    let ofWorkspace = ["settings", "configs", "links", "names", "remains", "readable", "secrets"]
    #expect(
      findings.filter { ofWorkspace.contains($0.check) }.map(\.verdict).allSatisfy { $0 == .ok })
    #expect(Set(findings.map(\.check)).isSuperset(of: ofWorkspace))
  }
}
