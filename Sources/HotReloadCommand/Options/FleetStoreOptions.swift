import ArgumentParser
import Foundation
import HotReloadFleet
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Which fleet a command is about, and how its store is reached: the `[fleet]` table of `hotreload.toml`, and flags, which win.
struct FleetStoreOptions: ParsableArguments {
  /// The variable that has the store's password.
  static let passwordVariable = "HOTRELOAD_FLEET_PASSWORD"
  /// The largest file of a password, in bytes.
  static let maximumPasswordSize = 4_096

  @OptionGroup var folder: RootOptions

  @Option(
    help: ArgumentHelp(
      "The fleet's name, as its instances have it (default: default).", valueName: "name"))
  var fleet: String?

  @Option(
    help: "Where the fleet keeps what it agrees on: sqlite (the default) or etcd.")
  var store: FleetSettings.Store?

  @Option(
    help: ArgumentHelp(
      "The SQLite store (default: data/hotreload/fleet.sqlite in the workspace).",
      valueName: "file"))
  var sqlite: String?

  @Option(
    help: ArgumentHelp(
      "The address of a member of etcd, such as https://etcd-1:2379. Repeatable.",
      valueName: "url"))
  var endpoint: [String] = []

  @Option(
    help: ArgumentHelp(
      "What all keys begin with in etcd (default /hotreload/default).", valueName: "text"))
  var namespace: String?

  @Option(help: ArgumentHelp("The user of etcd's authentication.", valueName: "name"))
  var user: String?

  @Option(
    help: ArgumentHelp(
      "A file with the user's password. Without it: $\(passwordVariable).", valueName: "file"))
  var passwordFile: String?

  @Option(
    help: ArgumentHelp("Certificates that are trusted, in PEM, for https.", valueName: "file"))
  var ca: String?

  @Option(help: ArgumentHelp("Our certificate, in PEM, if etcd wants one.", valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("Its key, in PEM.", valueName: "file"))
  var key: String?

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    if let fleet {
      do { try FleetOptions(fleet: fleet).validate() } catch { throw ValidationError("\(error)") }
    }
    let forEtcd = [namespace, user, passwordFile, ca, certificate, key].contains { $0 != nil }
    let isEtcd = !endpoint.isEmpty || store == .etcd
    if sqlite != nil, isEtcd || forEtcd {
      throw ValidationError("--sqlite and what is for etcd contradict each other.")
    }
    if store == .sqlite, !endpoint.isEmpty || forEtcd {
      throw ValidationError("--store sqlite and what is for etcd contradict each other.")
    }
    if (certificate == nil) != (key == nil) {
      throw ValidationError("--certificate and --key belong together.")
    }
  }

  var renderer: FleetRenderer { FleetRenderer(isJSON: json) }

  func workspace() throws -> Workspace {
    guard let root = folder.root else { return try Workspace.resolve() }
    return try Workspace(root: FilePath(root))
  }

  /// What the settings and the flags say, and whether one of them names the store. Blocks.
  func options(
    in workspace: Workspace,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> (options: FleetOptions, isStoreNamed: Bool) {
    let found = try FleetSettings.load(from: workspace)
    var settings = found ?? FleetSettings()
    if let fleet { settings.name = fleet }
    if let sqlite {
      settings.store = .sqlite
      settings.path = Self.absolute(sqlite)
    }
    if let store { settings.store = store }
    if !endpoint.isEmpty { (settings.store, settings.endpoints) = (.etcd, endpoint) }
    if let namespace { settings.namespace = namespace }
    if let user { settings.user = user }
    if let password = try password(environment) { settings.password = password }
    if let ca { settings.ca = Self.absolute(ca) }
    if let certificate { settings.certificate = Self.absolute(certificate) }
    if let key { settings.key = Self.absolute(key) }
    let isNamed = found != nil || settings.store != nil
    return (try settings.options(), isNamed)
  }

  private func password(_ environment: [String: String]) throws -> String? {
    guard let passwordFile else { return environment[Self.passwordVariable] }
    do {
      let bytes = try readStably(FilePath(passwordFile), limit: Self.maximumPasswordSize).bytes
      // An editor ends the line; no password does.
      let text = String(decoding: bytes, as: UTF8.self)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    } catch {
      throw FleetError(
        .invalidOptions, "the password cannot be read from \(printable(passwordFile)): \(error)",
        cause: error)
    }
  }

  private static func absolute(_ path: String) -> String {
    FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).string
  }
}

extension FleetSettings.Store: ExpressibleByArgument {}

/// Who does something, for the others to see.
struct FleetPerson: ParsableArguments {
  /// The most bytes of a name.
  static let maximumBytes = 256

  @Option(
    help: ArgumentHelp("Who does it, for people (default user@host).", valueName: "name"))
  var by: String?

  func validate() throws {
    guard let by else { return }
    guard (1...Self.maximumBytes).contains(by.utf8.count) else {
      throw ValidationError("--by must have 1 to \(Self.maximumBytes) bytes.")
    }
  }

  var name: String {
    let user = ProcessInfo.processInfo.userName
    return by ?? String("\(user)@\(ProcessInfo.processInfo.hostName)".prefix(Self.maximumBytes))
  }
}
