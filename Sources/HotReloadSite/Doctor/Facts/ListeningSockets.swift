/// The listening sockets of one of `/proc/net/tcp` and `/proc/net/tcp6`. Parsing is pure.
struct ListeningSockets: Sendable, Hashable {
  /// One of them.
  struct Socket: Sendable, Hashable {
    var port: Int
    var user: Int
    /// What `/proc/PID/fd` calls it: `socket:[INODE]`.
    var inode: UInt64
  }

  /// The state of a socket that listens.
  private static let listening: Substring = "0A"

  var sockets: [Socket]

  /// Reads the table; a line that is not understood is passed over.
  init(_ text: String) {
    sockets = text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count > 9, fields[3] == Self.listening,
        let colon = fields[1].lastIndex(of: ":"),
        let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16),
        let user = Int(fields[7]), let inode = UInt64(fields[9])
      else { return nil }
      return Socket(port: port, user: user, inode: inode)
    }
  }
}
