import WorkspaceFiles
public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folders a workspace has by convention, each directly below the root.
public enum StandardDirectory: String, Sendable, CaseIterable {
  /// Config files.
  case config
  /// Page and text templates.
  case templates
  /// Files that are served as they are.
  case `static`
  /// Another usual name of ``static``.
  case assets
  /// What the program itself writes.
  case data
  /// Logs.
  case logs
  /// Documentation.
  case docs
  /// Tests.
  case tests
  /// Secrets; only the owner may enter it.
  case secret
}

extension Workspace {
  /// The absolute path of a standard folder, whether it exists or not.
  public func directory(_ directory: StandardDirectory) -> FilePath {
    root.appending(directory.rawValue)
  }

  /// `config/`, absolute.
  public var configDirectory: FilePath { directory(.config) }
  /// `templates/`, absolute.
  public var templatesDirectory: FilePath { directory(.templates) }
  /// `static/`, absolute; see ``assetsDirectory`` for its other usual name.
  public var staticDirectory: FilePath { directory(.static) }
  /// `assets/`, absolute.
  public var assetsDirectory: FilePath { directory(.assets) }
  /// `data/`, absolute.
  public var dataDirectory: FilePath { directory(.data) }
  /// `logs/`, absolute.
  public var logsDirectory: FilePath { directory(.logs) }
  /// `docs/`, absolute.
  public var docsDirectory: FilePath { directory(.docs) }
  /// `tests/`, absolute.
  public var testsDirectory: FilePath { directory(.tests) }
  /// `secret/`, absolute.
  public var secretDirectory: FilePath { directory(.secret) }

  /// Makes the root and the standard folders that are missing: all but `assets/`, and `static/` only where
  /// there is no `assets/`. `secret/` is made for its owner alone.
  ///
  /// - Returns: the folders that were made.
  /// - Throws: ``WorkspaceError`` naming the folder that could not be made.
  @discardableResult
  public func createStandardDirectories() async throws -> [StandardDirectory] {
    try await BlockingExecutor.shared.run {
      var made: [StandardDirectory] = []
      let hasAssets = SystemCalls.isDirectory(assetsDirectory)
      for standard in StandardDirectory.allCases {
        if standard == .assets || (standard == .static && hasAssets) { continue }
        let path = directory(standard)
        do {
          if try SystemCalls.makeDirectory(path, mode: standard == .secret ? 0o700 : 0o777) {
            made.append(standard)
          }
        } catch {
          throw WorkspaceError(
            code: .fileSystem, message: "cannot make the folder \(path)", cause: error)
        }
      }
      return made
    }
  }
}
