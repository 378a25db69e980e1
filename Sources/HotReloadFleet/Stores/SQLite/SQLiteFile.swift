import GRDB
import SystemPackage

#if os(Linux)
  import CSystemShims
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file of a store, and how it is opened. All of it blocks.
enum SQLiteFile {
  /// "hrfs": says that a database is ours.
  private static let applicationID: Int32 = 0x6872_6673
  /// The version of the tables.
  private static let format = 1
  private static let pageSize = 4_096

  /// Opens the database.
  /// - Parameter creating: whether it is made if there is none.
  static func open(
    _ path: FilePath, creating: Bool, _ options: SQLiteOptions
  ) throws(StoreError) -> DatabaseQueue {
    try makePrivate(path, creating: creating)
    var configuration = Configuration()
    configuration.label = "hotreload-fleet"
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(Double(options.busyTimeout.nanoseconds) / 1e9)
    // Transactions span statements of ours.
    configuration.allowsUnsafeTransactions = false
    do {
      let queue = try DatabaseQueue(path: path.string, configuration: configuration)
      try queue.writeWithoutTransaction { db in
        // GRDB sets NORMAL, with which a commit may be lost when the power is.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        let pages = max(1, options.maximumFileSize / pageSize)
        try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        try createTables(db, path)
      }
      return queue
    } catch {
      throw StoreError(sqlite: error, path)
    }
  }

  private static func createTables(_ db: Database, _ path: FilePath) throws {
    try db.inTransaction(.immediate) {
      let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      if id == applicationID, version == format { return .rollback }
      let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
      guard id == 0, version == 0, tables == 0 else {
        throw StoreError(
          .unsupported,
          id == applicationID
            ? "\(path) was written by another version of this program (its format is \(version), ours "
              + "\(format)); use that version, or move the file away"
            : "\(path) is a database of another program; move it away, or give another path")
      }
      try db.execute(sql: schema)
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(format)")
      return .commit
    }
  }

  private static let schema = """
    CREATE TABLE store (
      id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, compacted INTEGER NOT NULL,
      lease INTEGER NOT NULL, bytes INTEGER NOT NULL);
    INSERT INTO store VALUES (1, 0, 0, 0, 0);
    CREATE TABLE entries (
      key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, created INTEGER NOT NULL,
      modified INTEGER NOT NULL, lease INTEGER);
    CREATE INDEX entries_by_lease ON entries (lease) WHERE lease IS NOT NULL;
    CREATE TABLE commits (
      revision INTEGER PRIMARY KEY, boot TEXT NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL);
    CREATE TABLE changes (
      revision INTEGER NOT NULL, key BLOB NOT NULL, value BLOB, created INTEGER, lease INTEGER,
      UNIQUE (revision, key));
    CREATE TABLE leases (
      id INTEGER PRIMARY KEY, duration INTEGER NOT NULL, boot TEXT NOT NULL, ends INTEGER NOT NULL);
    CREATE TABLE operations (
      id BLOB PRIMARY KEY, revision INTEGER, boot TEXT NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX operations_by_time ON operations (boot, time);
    """

  /// Sees to it that the file is there, on a file system of this host, and only for its owner. SQLite gives the files that it
  /// puts beside it the same permissions.
  private static func makePrivate(_ path: FilePath, creating: Bool) throws(StoreError) {
    let folder = path.removingLastComponent()
    do {
      if creating { try makeFolders(folder) }
      try refuseNetwork(folder)
      let file = try FileDescriptor.open(
        path, .readWrite, options: creating ? [.create, .closeOnExec] : [.closeOnExec],
        permissions: creating ? [.ownerReadWrite] : nil)
      defer { try? file.close() }
      var status = stat()
      guard fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
      guard status.st_mode & 0o077 != 0 else { return }
      guard fchmod(file.rawValue, 0o600) == 0 else { throw Errno(rawValue: errno) }
    } catch let error as StoreError {
      throw error
    } catch Errno.noSuchFileOrDirectory where !creating {
      throw StoreError(
        .missing,
        "the fleet's store \(path) does not exist; the first instance that joins the fleet makes it"
      )
    } catch {
      throw StoreError(
        .unsupported,
        "the fleet's store cannot be kept at \(path): \(error); give its folder to the user that runs the "
          + "program, or another path", cause: error)
    }
  }

  private static func makeFolders(_ folder: FilePath) throws {
    guard !folder.isEmpty, access(folder.string, F_OK) != 0 else { return }
    try makeFolders(folder.removingLastComponent())
    guard mkdir(folder.string, 0o700) == 0 || errno == EEXIST else {
      throw Errno(rawValue: errno)
    }
  }

  /// SQLite's WAL mode shares memory between processes, and its locks must hold: neither is so over a network.
  private static func refuseNetwork(_ folder: FilePath) throws(StoreError) {
    #if os(Linux)
      let place = folder.isEmpty ? "." : folder.string
      guard let name = networkFileSystem(shim_file_system_type(place)) else { return }
      throw StoreError(
        .unsupported,
        "the fleet's store cannot be kept at \(folder), which is on \(name): SQLite needs a file system of "
          + "this host; give a path on one, or use etcd if the instances run on several hosts")
    #endif
  }

  /// What a file system that is shared between hosts is called, by its number in `statfs`; nil for others.
  static func networkFileSystem(_ type: Int64) -> String? {
    switch type {
    case 0x6969: "NFS"
    case 0xFF53_4D42, 0xFE53_4D42, 0x517B: "SMB"
    case 0x0102_1997: "9p"
    case 0x00C3_6400: "Ceph"
    case 0x5346_414F: "AFS"
    case 0x7375_7245: "Coda"
    case 0x0BD0_0BD0: "Lustre"
    case 0x0116_1970: "GFS2"
    case 0x7461_636F: "OCFS2"
    case 0x4750_4653: "GPFS"
    default: nil
    }
  }
}

extension StoreError {
  /// What an error of the database means.
  init(sqlite error: any Error, _ path: FilePath) {
    if let error = error as? StoreError {
      self = error
      return
    }
    if error is CancellationError {
      self = .cancelled
      return
    }
    let code = (error as? DatabaseError)?.resultCode
    let (kind, advice): (Code, String) =
      switch code {
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        (.unavailable, "another process writes for too long; try again")
      case .SQLITE_FULL:
        (.full, "the disk or the store's bound is full, and nothing was changed; make space")
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        (.corrupted, "the file is damaged; move it away, and the fleet begins anew")
      case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
        (.permissionDenied, "give the file and its folder to the user that runs the program")
      case .SQLITE_CANTOPEN:
        (.unavailable, "the file or its folder is gone or cannot be written")
      default: (.unavailable, "see what the system says of its disk")
      }
    self.init(kind, "the fleet's store \(path): \(error); \(advice)", cause: error)
  }
}
