import Foundation
import Testing

@testable import HotReloadCommand

@Suite("Standard output")
struct StandardOutputTests {
  /// A pipe whose ends are closed at the end of the test.
  private final class Channel {
    private(set) var read: CInt
    let write: CInt

    init() {
      var ends: [CInt] = [-1, -1]
      pipe(&ends)
      (read, write) = (ends[0], ends[1])
    }

    func closeReader() {
      close(read)
      read = -1
    }

    /// What can be read without waiting.
    func content() -> String {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      var wanted = pollfd(fd: read, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 0) > 0 else { return "" }
      let count = Foundation.read(read, &bytes, bytes.count)
      return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    deinit {
      if read >= 0 { close(read) }
      close(write)
    }
  }

  @Test("What is written before it is open comes after the first line")
  func holding() throws {
    let channel = Channel()
    let output = StandardOutput(descriptor: channel.write, holding: true)
    try output.write(Array("change\n".utf8))
    #expect(channel.content() == "")
    try output.open(with: Array("ready\n".utf8))
    try output.write(Array("more\n".utf8))
    #expect(channel.content() == "ready\nchange\nmore\n")
  }

  @Test("More than the limit is not held back")
  func bounded() throws {
    let channel = Channel()
    let output = StandardOutput(descriptor: channel.write, holding: true)
    let reader = Thread { [descriptor = channel.read] in
      var bytes = [UInt8](repeating: 0, count: 65_536)
      var rest = StandardOutput.maximumHeldBytes + 1
      while rest > 0 {
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        if count <= 0 { return }
        rest -= count
      }
    }
    reader.start()
    try output.write([UInt8](repeating: 0x78, count: StandardOutput.maximumHeldBytes + 1))
    try output.write(Array("at once\n".utf8))
    try output.open(with: [])
  }

  @Test("A reader that went away is an error of its own, and no signal")
  func brokenPipe() {
    let channel = Channel()
    let output = StandardOutput(descriptor: channel.write)
    channel.closeReader()
    #expect(throws: StandardOutput.Failure.brokenPipe) { try output.write([0x78]) }
  }

  @Test("A descriptor that cannot be written is named by the system's error")
  func systemError() {
    let output = StandardOutput(descriptor: -1)
    #expect(throws: StandardOutput.Failure.system(.badFileDescriptor)) { try output.write([0x78]) }
  }

  @Test("After it is closed nothing is written")
  func closing() throws {
    let channel = Channel()
    let output = StandardOutput(descriptor: channel.write)
    try output.write(Array("one\n".utf8))
    output.close()
    try output.write(Array("two\n".utf8))
    try output.open(with: Array("three\n".utf8))
    #expect(channel.content() == "one\n")
  }
}
