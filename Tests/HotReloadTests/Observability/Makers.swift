import Tracing
import WorkspaceTools

@testable import HotReload

/// A participant whose product is the `a` of the config that it is registered for. Refuses one above 100.
struct NumberMaker: ReloadParticipant {
  var tracer: (any Tracer)?

  func prepare(_ change: ReloadChange) async throws -> Int {
    let number = try change.decode("app", as: AppConfig.self).a
    let span = tracer?.startSpan("build \(number)")
    defer { span?.end() }
    guard number <= 100 else { throw Unwell(reason: "\(number) is too much") }
    return number
  }

  func activate(_ product: Int, replacing old: Int?) async {
    tracer?.startSpan("take over \(product)").end()
  }
}

/// A participant that makes its first product at once and the others only when it is told to.
struct HeldMaker: ReloadParticipant {
  let isEntered = Latch()
  let mayGoOn = Latch()

  func prepare(_ change: ReloadChange) async throws -> Int {
    let number = try change.decode("app", as: AppConfig.self).a
    guard number > 1 else { return number }
    isEntered.open()
    await mayGoOn.wait()
    return number
  }
}

/// A config whose error quotes its secret.
struct SecretConfig: Codable, Sendable, ValidatedConfig {
  var password: String

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(password.count < 6, "password", "\(password) is too long")
    try problems.throwIfAny()
  }
}
