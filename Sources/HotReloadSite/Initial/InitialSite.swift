public import SystemPackage
import WorkspaceFiles
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The small site that `hotreload init` makes: a workspace that runs, and shows what there is to see.
public struct InitialSite: Sendable {
  /// One file of it.
  public struct File: Sendable, Hashable {
    /// Relative to the workspace's root.
    public var path: FilePath
    /// The whole content, UTF-8.
    public var bytes: [UInt8]
  }

  /// Why it was not made. Nothing that was there before has been touched.
  public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// These files are there already, relative to the folder; at least one.
    case exists([FilePath])
    /// What should become a folder is something else.
    case notFolder(FilePath)
    /// The system refused to make a file or a folder.
    case system(FilePath, Errno)

    /// How many files its text names.
    private static let namedFiles = 3

    /// For the person who reads it.
    public var description: String {
      switch self {
      case .exists(let paths):
        let named = paths.prefix(Self.namedFiles).map(\.string).joined(separator: ", ")
        let rest = paths.count - Self.namedFiles
        return
          "there is already \(named)\(rest > 0 ? " and \(rest) more" : ""); nothing was written, init overwrites no file. "
          + "Choose another folder: hotreload init DIR"
      case .notFolder(let path): return "\(path) is no folder; nothing was written there"
      case .system(let path, let error): return "cannot make \(path): \(error)"
      }
    }
  }

  /// All files, in the order in which they are written: the marker of the workspace is the last, so that a folder in which
  /// it is missing is not taken for a finished workspace.
  public static let files: [File] = [
    File(path: ".gitignore", bytes: PackageResources.gitignore_txt),
    File(path: "README.md", bytes: PackageResources.README_md),
    File(path: "config/site.toml", bytes: PackageResources.site_toml),
    File(path: "config/site.production.toml", bytes: PackageResources.site_production_toml),
    File(path: "config/menu.yaml", bytes: PackageResources.menu_yaml),
    File(path: "config/articles.yaml", bytes: PackageResources.articles_yaml),
    File(path: "templates/layout.mustache", bytes: PackageResources.layout_mustache),
    File(path: "templates/layout.stencil", bytes: PackageResources.layout_stencil),
    File(path: "templates/partials/header.mustache", bytes: PackageResources.header_mustache),
    File(path: "templates/partials/footer.mustache", bytes: PackageResources.footer_mustache),
    File(path: "templates/partials/card.mustache", bytes: PackageResources.card_mustache),
    File(path: "templates/pages/index.mustache", bytes: PackageResources.index_mustache),
    File(path: "templates/pages/about.mustache", bytes: PackageResources.about_mustache),
    File(path: "templates/pages/contact.stencil", bytes: PackageResources.contact_stencil),
    File(
      path: "templates/pages/articles/index.mustache",
      bytes: PackageResources.articles_index_mustache),
    File(
      path: "templates/pages/articles/brewing-for-one.mustache",
      bytes: PackageResources.brewing_for_one_mustache),
    File(
      path: "templates/pages/articles/first-crack.mustache",
      bytes: PackageResources.first_crack_mustache),
    File(
      path: "templates/pages/articles/_author.mustache", bytes: PackageResources._author_mustache),
    File(path: "templates/errors/404.mustache", bytes: PackageResources.not_found_mustache),
    File(path: "templates/errors/error.mustache", bytes: PackageResources.error_mustache),
    File(path: "static/app.css", bytes: PackageResources.app_css),
    File(path: "static/tokens.css", bytes: PackageResources.tokens_css),
    File(path: "static/app.js", bytes: PackageResources.app_js),
    File(path: "static/logo.svg", bytes: PackageResources.logo_svg),
    File(path: "static/hero.svg", bytes: PackageResources.hero_svg),
    File(path: "static/bag.svg", bytes: PackageResources.bag_svg),
    File(path: "static/grain.svg", bytes: PackageResources.grain_svg),
    File(path: ".workspace", bytes: PackageResources.workspace_marker),
  ]

  /// Makes the site in a folder, which is made if it is not there; other files in it are left alone. Blocking.
  ///
  /// No file is ever overwritten, not even one that another process makes meanwhile. If the system refuses a file, those
  /// written before it are taken away again.
  ///
  /// - Returns: the files that were made, relative to the folder.
  /// - Throws: ``Failure``.
  @discardableResult
  public static func make(in folder: FilePath) throws(Failure) -> [FilePath] {
    if SystemCalls.kind(of: folder) != nil, !SystemCalls.isDirectory(folder) {
      throw .notFolder(folder)
    }
    let present = files.map(\.path).filter {
      SystemCalls.kind(of: folder.pushing($0), followLinks: false) != nil
    }
    guard present.isEmpty else { throw .exists(present) }
    var made: [FilePath] = []
    do throws(Failure) {
      for file in files {
        try write(file, in: folder)
        made.append(file.path)
      }
    } catch {
      for path in made { _ = folder.pushing(path).withPlatformString { unlink($0) } }
      throw error
    }
    return made
  }

  private static func write(_ file: File, in folder: FilePath) throws(Failure) {
    let path = folder.pushing(file.path)
    let parent = path.removingLastComponent()
    do throws(Errno) {
      if !parent.isEmpty { try SystemCalls.makeDirectory(parent) }
    } catch {
      throw .system(parent, error)
    }
    do {
      let descriptor = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      do {
        try descriptor.closeAfter { _ = try descriptor.writeAll(file.bytes) }
      } catch {
        _ = path.withPlatformString { unlink($0) }
        throw error
      }
    } catch let error as Errno {
      if error == .fileExists { throw .exists([file.path]) }
      throw .system(path, error)
    } catch {
      throw .system(path, .ioError)
    }
  }
}
