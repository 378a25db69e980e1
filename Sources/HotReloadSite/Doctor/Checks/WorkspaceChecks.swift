import SystemPackage

/// Whether the workspace is in order.
struct WorkspaceChecks {
  let facts: SystemFacts

  var findings: [DoctorFinding] { [settings] + configs + [links] + names + [remains] }

  private var settings: DoctorFinding {
    guard let problem = facts.settingsProblem else {
      return DoctorFinding(
        check: "settings", verdict: .ok, message: "hotreload.toml is good, or not there")
    }
    return DoctorFinding(
      check: "settings", verdict: .problem, message: problem,
      fixes: ["${EDITOR:-vi} \(shellQuoted(facts.root.appending("hotreload.toml").string))"])
  }

  private var configs: [DoctorFinding] {
    guard !facts.badConfigs.isEmpty else {
      let message =
        facts.configs == 0
        ? "there is no config in config/"
        : facts.configs == 1 ? "the one config is good" : "all \(facts.configs) configs are good"
      return [DoctorFinding(check: "configs", verdict: .ok, message: message)]
    }
    return facts.badConfigs.map { config in
      let fixes =
        config.rivals.isEmpty
        ? ["hotreload check \(shellQuoted(config.name)) --root \(shellQuoted(facts.root.string))"]
        : config.rivals.dropFirst().map { rival in
          let path = facts.root.pushing(rival).string
          return
            "mv \(shellQuoted(path)) \(shellQuoted(path + ".old"))   # keeps \(config.rivals[0])"
        }
      return DoctorFinding(
        check: "configs", verdict: .problem, message: config.message, fixes: fixes)
    }
  }

  private var links: DoctorFinding {
    let links = facts.tree.linksOut
    guard !links.isEmpty else {
      return DoctorFinding(check: "links", verdict: .ok, message: "no link leads out of the root")
    }
    let parts = links.prefix(3).map { "\($0.path) to \($0.target)" }
    let rest = links.count > 3 ? " and \(links.count - 3) more" : ""
    return DoctorFinding(
      check: "links", verdict: .warning,
      message: "what links out of the root is not read: \(parts.joined(separator: ", "))\(rest)",
      fixes: [
        "printf '[load]\\nallows_links_out_of_root = true\\n' >> "
          + "\(shellQuoted(facts.root.appending("hotreload.toml").string))   # for configs"
      ])
  }

  private var names: [DoctorFinding] {
    guard !facts.tree.collisions.isEmpty else {
      return [
        DoctorFinding(check: "names", verdict: .ok, message: "no two names differ in case only")
      ]
    }
    return facts.tree.collisions.map { paths in
      DoctorFinding(
        check: "names", verdict: .warning,
        message:
          "\(named(paths)) differ in upper and lower case only: on macOS and Windows they are one file",
        fixes: paths.dropFirst().map { path in
          let old = facts.root.pushing(path).string
          return "mv \(shellQuoted(old)) \(shellQuoted(old + ".renamed"))"
        })
    }
  }

  private var remains: DoctorFinding {
    guard !facts.remains.isEmpty else {
      return DoctorFinding(
        check: "remains", verdict: .ok, message: "no dead instance left a socket behind")
    }
    let sockets = facts.remains.map { facts.root.pushing($0.socket).string }
    let instances = facts.remains.map(\.instance).joined(separator: ", ")
    return DoctorFinding(
      check: "remains", verdict: .warning,
      message:
        "\(instances) ended without taking its socket away; the next start of that name does",
      fixes: ["rm \(sockets.map(shellQuoted).joined(separator: " "))"])
  }
}
