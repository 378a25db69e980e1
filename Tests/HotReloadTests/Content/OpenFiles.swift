import Foundation
import SystemPackage

/// What this process has open.
enum OpenFiles {
  /// The files below a folder.
  static func below(_ folder: FilePath) -> [String] {
    let manager = FileManager.default
    let numbers = (try? manager.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return numbers.compactMap {
      try? manager.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }.filter { $0.hasPrefix(folder.string) }
  }
}
