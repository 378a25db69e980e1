import SystemPackage

/// Empties a file and writes it in two parts with a pause between, in one go of open to close.
func writeInParts(_ text: String, to path: FilePath) throws {
  let file = try FileDescriptor.open(path, .writeOnly, options: [.truncate])
  defer { try? file.close() }
  let bytes = Array(text.utf8)
  let middle = bytes.count / 2
  _ = try file.writeAll(bytes[..<middle])
  sleepThread(microseconds: 3_000)
  _ = try file.writeAll(bytes[middle...])
}
