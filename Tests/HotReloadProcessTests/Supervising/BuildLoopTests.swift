import HotReloadProcess
import SystemPackage
import Testing

@Suite("A build that changes what is watched")
struct BuildLoopTests {
  private static let output: [FilePath] = ["build/app.o"]

  /// Goes through builds that each change the output while they run.
  private func loop(_ loop: inout BuildLoop, builds: Int, from start: Duration = .zero)
    -> [BuildLoop.Verdict]
  {
    (0..<builds).map { number in
      loop.began()
      let now = start + .seconds(number)
      loop.ended(at: now)
      return loop.judge(Self.output, at: now + .milliseconds(100))
    }
  }

  @Test("starts itself a few times, then no more, which is said once")
  func stops() {
    var machine = BuildLoop()
    let verdicts = loop(&machine, builds: BuildLoop.limit + 2)
    #expect(verdicts.prefix(BuildLoop.limit).allSatisfy { $0 == .admitted })
    #expect(
      verdicts.suffix(2) == [.dropped(naming: Self.output), .dropped(naming: nil)])
  }

  @Test("is built again as soon as something changes that no build can have changed")
  func goesOn() {
    var machine = BuildLoop()
    _ = loop(&machine, builds: BuildLoop.limit + 1)
    #expect(machine.judge(["src/main.c"], at: .seconds(100)) == .admitted)
    #expect(loop(&machine, builds: 1, from: .seconds(101)) == [.admitted])
  }

  @Test("does not keep back what is saved during a long build")
  func duringBuild() {
    var machine = BuildLoop()
    machine.began()
    for second in 0..<(BuildLoop.limit * 3) {
      #expect(machine.judge(["src/main.c"], at: .seconds(second)) == .admitted)
    }
    machine.ended(at: .seconds(60))
    #expect(machine.judge(["src/main.c"], at: .seconds(61)) == .admitted)
  }
}
