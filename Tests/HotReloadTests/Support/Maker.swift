import Synchronization
import WorkspaceTools

@testable import HotReload

/// Makes products of config `app` and keeps account of them.
final class Maker: ReloadParticipant {
  struct Product: Sendable, Equatable {
    var number: Int
    var a: Int
  }

  enum Call: Hashable { case prepare, activate, retire }

  struct State {
    var made: [Int] = []
    var activated: [Int] = []
    var retired: [Int] = []
    var refused: Set<Int> = []
    var gates: [Call: Gate] = [:]
  }

  /// Where a call waits, whether it was cancelled or not.
  final class Gate: Sendable {
    let isEntered = Latch()
    let isOpen = Latch()

    func pass() async {
      isEntered.open()
      await isOpen.wait()
    }
  }

  private let state = Mutex(State())

  var account: State { state.withLock { $0 } }

  /// Whether each product was let go of once.
  var isSettled: Bool { account.made.sorted() == account.retired.sorted() }

  func refuse(_ values: Set<Int>) { state.withLock { $0.refused = values } }

  /// Holds all such calls up from now on.
  func hold(_ call: Call) -> Gate {
    let gate = Gate()
    state.withLock { $0.gates[call] = gate }
    return gate
  }

  private func pass(_ call: Call) async {
    await state.withLock { $0.gates[call] }?.pass()
  }

  func prepare(_ change: ReloadChange) async throws -> Product {
    let a = try change.decode("app", as: AppConfig.self).a
    await pass(.prepare)
    let isRefused = state.withLock { $0.refused.contains(a) }
    if isRefused { throw ConfigProblems("a", "is refused") }
    return state.withLock { state in
      state.made.append(state.made.count + 1)
      return Product(number: state.made.count, a: a)
    }
  }

  func activate(_ product: Product, replacing old: Product?) async {
    await pass(.activate)
    state.withLock { $0.activated.append(product.number) }
  }

  func retire(_ product: Product) async {
    await pass(.retire)
    state.withLock { $0.retired.append(product.number) }
  }
}
