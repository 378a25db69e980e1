import Foundation
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Writes and removes the folders of bundles. All blocking.
struct BundleFolderWriter {
  /// How often a name is looked for, or another process's folder is made room of.
  static let maximumAttempts = 16
  /// What the name of a folder begins with that is being written, and of one that is being removed. Whoever writes holds a lock on
  /// the folder, which ends with its process.
  static let newPrefix = ".new-"
  static let oldPrefix = ".old-"

  let root: FilePath

  func store(_ bundle: ContentBundle) throws(BundleError) -> FilePath {
    let target = root.appending(bundle.digest.rawValue)
    if BundleFolder.isWhole(target, bundle.digest) { return target }
    do {
      // The folder above is usually an instance's, whose journal wants it private too.
      try SystemCalls.makeDirectory(root.removingLastComponent(), mode: 0o700)
      try SystemCalls.makeDirectory(root, mode: 0o700)
      removeLeftovers()
      let (folder, lock) = try makeFolder()
      defer { try? lock.close() }
      do throws(Errno) {
        try write(bundle, into: folder)
        try put(folder, at: target, bundle.digest)
        try SystemCalls.synchronize(root)
      } catch {
        BundleFolder.remove(folder)
        throw error
      }
      return target
    } catch {
      throw failure(error)
    }
  }

  func prune(keeping: Set<BundleDigest>) {
    for name in SystemCalls.names(in: root) where BundleDigest.isSHA256(name) {
      guard !keeping.contains(BundleDigest(rawValue: name)) else { continue }
      // Renamed first: nobody ever finds a part of it under its name.
      guard let old = try? setAside(root.appending(name)) else { continue }
      BundleFolder.remove(old)
    }
    removeLeftovers()
  }

  /// Removes what processes left that were killed: nobody holds its lock.
  private func removeLeftovers() {
    for name in SystemCalls.names(in: root)
    where name.hasPrefix(Self.newPrefix) || name.hasPrefix(Self.oldPrefix) {
      let folder = root.appending(name)
      guard let lock = SystemCalls.openLocked(folder) else { continue }
      BundleFolder.remove(folder)
      try? lock.close()
    }
  }

  private func randomName(_ prefix: String) -> FilePath {
    root.appending(prefix + String(UInt64.random(in: .min ... .max), radix: 16))
  }

  private func makeFolder() throws(Errno) -> (folder: FilePath, lock: FileDescriptor) {
    for _ in 0..<Self.maximumAttempts {
      let folder = randomName(Self.newPrefix)
      do throws(Errno) { try SystemCalls.makeNewFolder(folder) } catch {
        if error == .fileExists { continue }
        throw error
      }
      // Another process may have taken it for a leftover in this very moment, and removed it.
      if let lock = SystemCalls.openLocked(folder) { return (folder, lock) }
      BundleFolder.remove(folder)
    }
    throw .fileExists
  }

  private func write(_ bundle: ContentBundle, into folder: FilePath) throws(Errno) {
    var made: Set<String> = []
    var folders: [FilePath] = [folder]
    for file in bundle.files {
      for parent in BundlePath.folders(of: file.path) where made.insert(String(parent)).inserted {
        let path = folder.appending(String(parent))
        try SystemCalls.makeNewFolder(path)
        folders.append(path)
      }
      try write(file.bytes, to: folder.appending(file.path))
    }
    for path in folders.reversed() { try SystemCalls.synchronize(path) }
  }

  private func write(_ bytes: [UInt8], to path: FilePath) throws(Errno) {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
        permissions: [.ownerReadWrite])
      defer { try? file.close() }
      try file.writeAll(bytes)
      try SystemCalls.synchronize(file)
    } catch let error as Errno { throw error } catch { throw .ioError }
  }

  /// Renames a folder to its digest. What is there is left if it is whole, else it is set aside.
  private func put(
    _ folder: FilePath, at target: FilePath, _ digest: BundleDigest
  ) throws(Errno) {
    for _ in 0..<Self.maximumAttempts {
      do throws(Errno) {
        try SystemCalls.rename(folder, to: target)
        return
      } catch {
        guard [.directoryNotEmpty, .fileExists, .notDirectory].contains(error) else { throw error }
      }
      if BundleFolder.isWhole(target, digest) {
        BundleFolder.remove(folder)
        return
      }
      do throws(Errno) { BundleFolder.remove(try setAside(target)) } catch {
        // Another process that makes it anew was quicker.
        if error != .noSuchFileOrDirectory { throw error }
      }
    }
    throw .fileExists
  }

  private func setAside(_ folder: FilePath) throws(Errno) -> FilePath {
    let old = randomName(Self.oldPrefix)
    try SystemCalls.rename(folder, to: old)
    return old
  }

  private func failure(_ error: any Error) -> BundleError {
    let errno = error as? Errno ?? .ioError
    switch errno {
    case .noSpace, .diskQuotaExceeded:
      return BundleError(
        .noSpace,
        "the bundle cannot be kept in \(root): no space is left (\(errno)). No part of it was left there; free some space",
        cause: errno)
    default:
      return BundleError(
        .fileSystem,
        "the bundle cannot be kept in \(root): \(errno). Check that this process may write there",
        cause: errno)
    }
  }
}
