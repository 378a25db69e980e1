/// Whether `hotreload serve` can have its port.
struct PortCheck {
  let facts: SystemFacts

  var finding: DoctorFinding {
    guard let port = facts.port else {
      return DoctorFinding(
        check: "port", verdict: .warning,
        message: "it cannot be told who listens on which port: /proc/net/tcp cannot be read",
        fixes: ["hotreload serve --port 0"])
    }
    guard port.isTaken else {
      return DoctorFinding(
        check: "port", verdict: .ok, message: "port \(port.number) is free on all addresses")
    }
    let fix = "hotreload serve --port \(port.free ?? 0)"
    guard !port.owners.isEmpty else {
      let user = port.user.map { " of user \($0)" } ?? ""
      return DoctorFinding(
        check: "port", verdict: .problem,
        message: "port \(port.number) is taken by a process\(user) that you may not look at",
        fixes: [fix, "sudo ss -ltnp 'sport = :\(port.number)'   # names it"])
    }
    let owners = port.owners.map { "\($0.command) (process \($0.identifier))" }
    let isOwn = port.owners.allSatisfy {
      $0.command == "hotreload" || $0.command.hasPrefix("hotreload ")
        || $0.command.contains("/hotreload ") || $0.command.hasSuffix("/hotreload")
    }
    return DoctorFinding(
      check: "port", verdict: isOwn ? .warning : .problem,
      message: "port \(port.number) is taken by \(owners.joined(separator: ", "))", fixes: [fix])
  }
}
