import Glibc

/// Writes a line for the person at the terminal to standard error. What cannot be written is dropped.
func logLine(_ message: String) {
  var bytes = Array(message.utf8)
  bytes.append(UInt8(ascii: "\n"))
  _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
