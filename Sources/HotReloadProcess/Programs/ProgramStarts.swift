/// What surrounds each start of a program.
package enum ProgramStarts {
  /// Calls its argument once. Tests set it, so that a program that starts does not hold open what another test writes.
  @TaskLocal package static var around: @Sendable (() -> CInt) -> CInt = { $0() }

  static func guarding(_ body: () -> CInt) -> CInt {
    around(body)
  }
}
