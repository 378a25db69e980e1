extension ControllerMachine {
  /// Takes in what a full read found.
  mutating func open(
    _ view: FleetView, asked: Duration, at now: Duration, _ actions: inout [Action]
  ) {
    guard var leading else { return }
    leading.confirmed = max(leading.confirmed, asked)
    if let confirming = leading.confirming, asked >= confirming { leading.confirming = nil }
    guard view.revision >= leading.view?.revision ?? .zero else {
      // The watch knows more already, so nothing is in the read that is not in the view.
      self.leading = leading
      return
    }
    let old = leading.view
    leading.view = view
    self.leading = leading
    for (name, report) in old?.instances ?? [:] where view.instances[name] == nil {
      // It was not seen how they went: they may have said that they leave.
      lose(name, report, isSeen: false, at: now, &actions)
    }
    for name in view.instances.keys { noteReport(of: name, at: now, &actions) }
    follow(view, at: now)
  }

  /// Takes in what one commit changed.
  mutating func take(
    _ changes: [FleetChange], at revision: StoreRevision, _ now: Duration,
    _ actions: inout [Action]
  ) {
    guard let known = leading?.view?.revision, revision > known else { return }
    let before = reports(deletedBy: changes)
    leading?.view?.apply(changes, at: revision)
    for (name, report) in before { lose(name, report, isSeen: true, at: now, &actions) }
    for case .put(_, .instance(let report)) in changes {
      noteReport(of: report.instance, at: now, &actions)
    }
    if let view = leading?.view { follow(view, at: now) }
    if let orders = leading?.view?.orders, orders.controller?.created != leading?.fence,
      orders.revision >= leading?.fence ?? .zero
    {
      stepDown("somebody else leads, or its key is gone", &actions)
    }
  }

  /// Apart, so that nothing holds on to the view while it changes, which would copy it.
  private func reports(deletedBy changes: [FleetChange]) -> [(String, InstanceReport)] {
    guard let view = leading?.view else { return [] }
    return changes.compactMap { change in
      guard case .deleted(let key) = change, let name = view.instance(of: key) else { return nil }
      return view.instances[name].map { (name, $0) }
    }
  }

  private mutating func lose(
    _ name: String, _ report: InstanceReport, isSeen: Bool, at now: Duration,
    _ actions: inout [Action]
  ) {
    leading?.waiting[name] = nil
    guard report.phase != .departed else { return }
    let isSeen = isSeen && (leading?.seenSince ?? now) <= now - times.lease
    leading?.lost[name] = Loss(report: report, at: now, isSeen: isSeen)
    actions.append(.note(.lost(name)))
  }

  private mutating func noteReport(of name: String, at now: Duration, _ actions: inout [Action]) {
    guard let view = leading?.view, let report = view.instances[name] else { return }
    if leading?.lost.removeValue(forKey: name) != nil { actions.append(.note(.returned(name))) }
    if report.phase == .departed {
      leading?.excused.insert(name)
    } else {
      leading?.excused.remove(name)
    }
    if view.census.waiting.contains(name) {
      if leading?.waiting[name] == nil { leading?.waiting[name] = now }
      if leading?.uptakeDue == nil { leading?.uptakeDue = now + times.uptake }
    } else {
      leading?.waiting[name] = nil
    }
  }

  /// Begins anew what is measured for one revision of the record.
  private mutating func follow(_ view: FleetView, at now: Duration) {
    guard let record = view.orders.record, record.modified != leading?.record else { return }
    leading?.record = record.modified
    leading?.baking = nil
    leading?.excused = []
    leading?.waiting = Dictionary(
      view.census.waiting.map { ($0, now) }, uniquingKeysWith: { $1 })
    leading?.uptakeDue = view.census.waiting.isEmpty ? nil : now + times.uptake
    leading?.rollingBack = nil
    if case .rollingBack = record.value.state { leading?.rollingBack = now }
    // A pause that was ended by hand has explained all that was lost before it.
    if record.value.state != .running { leading?.lost = [:] }
  }
}
