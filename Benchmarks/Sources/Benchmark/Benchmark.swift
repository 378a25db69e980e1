import Foundation

/// Measures the package against floors that are taken in the same run. Never fails because something is slow.
@main
enum Benchmark {
  static func main() async {
    defer { ScratchFolder.removeAll() }
    do {
      try await run(Array(CommandLine.arguments.dropFirst()))
    } catch {
      FileHandle.standardError.write(Data("benchmark: \(error)\n".utf8))
      ScratchFolder.removeAll()
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) async throws {
    if arguments.first == ResidentMemory.childArgument {
      return try await ResidentMemory.runChild(Array(arguments.dropFirst()))
    }
    let options = try Options(arguments)
    let report = Report()
    for measurement in options.measurements {
      report.note("\(measurement.name): \(measurement.purpose)")
      try await measurement.run(report, options.scale)
    }
  }
}
