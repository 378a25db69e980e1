import HotReloadTesting
import SystemPackage
import WorkspaceTools

@testable import HotReload

extension MachineHarness {
  func loadResult(_ unit: UnitID) -> NumberMachine.LoadResult {
    guard let number = place[unit.configName ?? ""] else { return .absent(Self.error("missing")) }
    return number.value < -100
      ? .rejected([Self.error("unreadable \(number.value)")]) : .content(number)
  }

  /// Where the transaction under way loads from.
  private var place: [String: Number] {
    machine.running?.root.folder.flatMap { folders[$0] } ?? disk
  }

  func read(_ units: [UnitID], isEverything: Bool) -> [UnitID: NumberMachine.LoadResult] {
    let all = isEverything ? units + place.keys.map(UnitID.config) : units
    return Dictionary(all.map { ($0, loadResult($0)) }, uniquingKeysWith: { $1 })
  }
}
