import FileWatching
import WorkspaceTools

@testable import HotReload

/// A mistake that the machine could make, pretended between it and the harness. The rules must find each.
enum PlantedBug: CaseIterable {
  case swapBeforePrepareEnded
  case forgetRetirement
  case retireTwice
  case retireTooEarly
  case compareWithLastSeen
  case rollBackToSomethingNotBaked
  case forgetRollBack
  case applyQuarantined
  case halfGroup
  case reportTwice
  case publishTwice
  case answerTwice
  case forgetAnswer
  case applyDuringPause
  case endBakeEarly
}

extension MachineHarness {
  mutating func send(_ event: NumberMachine.Event, with bug: PlantedBug) {
    switch (bug, event) {
    case (.compareWithLastSeen, .loaded(let id, let results)):
      send(.loaded(id, results), as: .loaded(id, comparedWithLastSeen(results)), bug)
    case (.forgetRollBack, .healthChecked(let check, _)):
      send(event, as: .healthChecked(check, failure: nil), bug)
    case (.applyQuarantined, .loaded):
      _ = machine.handle(.clearQuarantine(nil), at: now)
      send(event, as: event, bug)
    case (.applyDuringPause, .pause): break
    default: send(event, as: event, bug)
    }
  }

  private mutating func send(
    _ event: NumberMachine.Event, as changed: NumberMachine.Event, _ bug: PlantedBug
  ) {
    for action in machine.handle(changed, at: now) {
      for action in tamper(action, bug) { take(action) }
      guard bug == .swapBeforePrepareEnded, case .prepare(let id, _, let makings, _) = action
      else { continue }
      // As if all had answered.
      for making in makings { send(.prepared(id, making.product, .made)) }
    }
  }

  private mutating func comparedWithLastSeen(
    _ results: [UnitID: NumberMachine.LoadResult]
  ) -> [UnitID: NumberMachine.LoadResult] {
    var changed = results
    for (unit, result) in results {
      guard case .content(let content) = result else { continue }
      if lastSeen[unit] == content, let applied = inForce[unit.configName ?? ""] {
        changed[unit] = .content(applied)
      }
      lastSeen[unit] = content
    }
    return changed
  }

  private mutating func tamper(
    _ action: NumberMachine.Action, _ bug: PlantedBug
  ) -> [NumberMachine.Action] {
    switch (bug, action) {
    case (.forgetRetirement, .retire(let products)): return [.retire(Array(products.dropFirst()))]
    case (.retireTwice, .retire): return [action, action]
    case (.retireTooEarly, .swap(_, _, let swap)):
      let replaced = swap.products.keys.compactMap { productsInForce[$0] }
      return [.retire(replaced), action]
    case (.rollBackToSomethingNotBaked, .swap(let id, let generation, var swap)):
      guard swap.isRollBack else { break }
      for unit in swap.contents.keys { swap.contents[unit] = lastReplaced[unit] }
      return [.swap(id, generation: generation, swap)]
    case (.halfGroup, .swap(let id, let generation, var swap)):
      guard swap.contents.count > 1, let unit = swap.contents.keys.min() else { break }
      swap.contents[unit] = nil
      return [.swap(id, generation: generation, swap)]
    case (.reportTwice, .finished), (.answerTwice, .answer), (.publishTwice, .publish):
      return [action, action]
    case (.forgetAnswer, .answer): return []
    case (.endBakeEarly, .checkHealth):
      var contents: [UnitID: Number] = [:]
      for unit in machine.bake?.units ?? [] { contents[unit] = inForce[unit.configName ?? ""] }
      return [.baked(.init(generation: generation, contents: contents, duration: .zero)), action]
    default: break
    }
    if case .swap(_, _, let swap) = action {
      for unit in swap.contents.keys { lastReplaced[unit] = inForce[unit.configName ?? ""] }
    }
    return [action]
  }
}
