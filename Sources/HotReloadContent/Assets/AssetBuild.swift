public import HotReload
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// Writes the assets of a workspace as a web server or a CDN serves them in production: `hotreload assets build`.
///
/// Into the output folder, `public` unless another one is given, goes each asset under its plain and under its hashed name, so that
/// the folder is the whole of what is served below `/`; beside texts their compressed form (`app.css.gz`, which nginx finds with
/// `gzip_static on`). The manifest goes to `static/manifest.json`, from which a program takes the URLs:
///
/// ```swift
/// let assets = try AssetManifest.load(root.appending("static/manifest.json"))
/// let url = assets.url(for: "app.css")
/// ```
///
/// No output is ever an input. The folder must not be within `static/` or `assets/`, where its files would be assets again and be
/// watched by a development server; the manifest is known by its content and left out. What older builds wrote stays, for
/// pages that browsers and caches still have; start from an empty folder to be rid of it.
public struct AssetBuild: Sendable {
  /// What a build did.
  public struct Report: Sendable {
    /// The manifest that was written.
    public var manifest: AssetManifest
    /// The files that were written, relative to the output folder, sorted. Others were there already with these bytes.
    public var written: [String]
    /// References that lead nowhere and files that were left out.
    public var problems: [ConfigDiagnostic]
  }

  /// The manifest's usual place, relative to the root.
  public static let defaultManifest: FilePath = "static/manifest.json"
  /// The usual output folder, relative to the root.
  public static let defaultOutput: FilePath = "public"

  private let root: FilePath
  private let output: FilePath
  private let manifest: FilePath
  private let excluding: [String]

  /// Creates a build. Nothing is touched yet.
  /// - Parameters:
  ///   - root: the workspace's root.
  ///   - output: where to write; relative to the root, or absolute.
  ///   - manifest: where to write the manifest; relative to the root, or absolute.
  ///   - excluding: globs of files that are no assets.
  public init(
    root: FilePath, output: FilePath = defaultOutput, manifest: FilePath = defaultManifest,
    excluding: [String] = HotReloadConfiguration.defaultExcludePatterns
  ) {
    self.root = root
    self.output = root.pushing(output).lexicallyNormalized()
    self.manifest = root.pushing(manifest).lexicallyNormalized()
    self.excluding = excluding
  }

  /// Builds. Files that are there with the right bytes are left alone.
  /// - Throws: ``AssetBuildError``; `ReloadRefusal` if the assets cannot be read.
  public func run() async throws -> Report {
    try await BlockingExecutor.shared.run { try self.runNow() }
  }

  private func runNow() throws -> Report {
    try checkPlaces()
    var files = try FileSet.assets(under: root, excluding: excluding)
    let source = AssetCopy(root: root)
    for path in files.paths {
      guard var file = files[path], file.bytes == nil else { continue }
      if file.size > AssetCopy.maximumRead {
        // What is too large for a digest in development has one that is good on this machine only.
        file.digest = try source.digest(of: path)
      } else if ContentType.isText(ContentType.of(path: path.string)) {
        // A build takes the time to look into large texts, and to compress them.
        file.bytes = try source.read(file)
      }
      files = files.replacing([path: file])
    }
    let built = AssetManifest(files)
    var written: [String] = []
    for asset in built.all {
      for path in [asset.path, Asset.hashedPath(asset.path, asset.digest)] {
        if try source.write(asset, to: output.appending(path)) { written.append(path) }
      }
      guard asset.isCompressible, let bytes = asset.bytes, let form = GzipEncoder.encode(bytes),
        form.count < bytes.count
      else { continue }
      for path in [asset.path, Asset.hashedPath(asset.path, asset.digest)] {
        let name = "\(path).gz"
        if try source.write(form, to: output.appending(name)) { written.append(name) }
      }
    }
    // Last: who reads it finds all that it names.
    _ = try source.write(built.json(), to: manifest)
    return Report(manifest: built, written: written.sorted(), problems: built.problems)
  }

  private func checkPlaces() throws(AssetBuildError) {
    let real: FilePath
    do {
      try SystemCalls.makeDirectory(output)
      real = try SystemCalls.realPath(output)
      let realRoot = try SystemCalls.realPath(root)
      if realRoot.starts(with: real) {
        throw AssetBuildError(
          path: output, message: "the output folder must not hold the workspace")
      }
    } catch let error as AssetBuildError { throw error } catch {
      throw AssetBuildError(path: output, message: "cannot make the output folder (\(error))")
    }
    for name in AssetSource.folders {
      let folder = root.appending(name)
      let realFolder = (try? SystemCalls.realPath(folder)) ?? folder
      guard !real.starts(with: realFolder), !realFolder.starts(with: real) else {
        throw AssetBuildError(
          path: output,
          message:
            "what is written to \(name)/ would be an asset again; choose another output folder")
      }
    }
    let known: StableFile?
    do throws(StableReadError) {
      known = try readStably(manifest, limit: ConfigFormat.json.maximumDocumentSize)
    } catch {
      guard case .missing = error else {
        throw AssetBuildError(path: manifest, message: "cannot be replaced: \(error)")
      }
      known = nil
    }
    if let known, !BuiltManifest.isOne(manifest, known.bytes) {
      throw AssetBuildError(
        path: manifest,
        message: "is not a manifest of assets and is left alone; if it is a web application's, "
          + "call it app.webmanifest, or choose another path for ours")
    }
  }
}

/// A build of the assets cannot be made.
public struct AssetBuildError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file or folder that is in the way.
  public var path: FilePath
  /// What is wrong, and what to do.
  public var message: String

  /// The path, and what is wrong.
  public var description: String { "\(path): \(message)" }
}
