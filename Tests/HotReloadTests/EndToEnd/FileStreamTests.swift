import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A stream of files", .timeLimit(.minutes(5)))
struct FileStreamTests {
  struct Pair: Sendable, Equatable {
    var certificate: String
    var key: String
  }

  private static let certificate: FilePath = "secret/tls.crt"
  private static let key: FilePath = "secret/tls.key"
  private static let files = [certificate: "1", key: "1"]

  /// Refuses a key that does not belong to its certificate.
  private static func pair(_ files: FileGroup) throws -> Pair {
    let pair = try mixed(files)
    guard pair.certificate == pair.key else {
      throw ConfigProblems("", "the key does not belong to the certificate")
    }
    return pair
  }

  private static func mixed(_ files: FileGroup) throws -> Pair {
    guard let certificate = files[certificate], let key = files[key] else {
      throw ConfigProblems("", "a file is not there")
    }
    return Pair(
      certificate: String(decoding: certificate, as: UTF8.self),
      key: String(decoding: key, as: UTF8.self))
  }

  @Test("takes a pair that is renewed file by file only when both are there")
  func renewed() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchFiles(
      "tls", [Self.certificate, Self.key], make: Self.pair)
    #expect(stream.current == Pair(certificate: "1", key: "1"))
    _ = fixture.recorder.take()
    try await fixture.save(Self.certificate, "2")
    #expect(stream.current == Pair(certificate: "1", key: "1"))
    let refusal = await fixture.manager.status().rejected["tls"]?.first?.message ?? ""
    #expect(refusal.contains("does not belong"))
    var pairs = stream.makeAsyncIterator()
    try await fixture.save(Self.key, "2")
    #expect(stream.current == Pair(certificate: "2", key: "2"))
    #expect(await pairs.next() == Pair(certificate: "2", key: "2"))
    #expect(fixture.manager.snapshot().value(of: stream)?.key == "2")
    let names = fixture.recorder.takeNames()
    #expect(names.contains("failed tls") && names.contains("recovered tls"))
    try await fixture.end()
  }

  @Test("never takes half of a pair that is exchanged by a link while it is read")
  func exchanged() async throws {
    let fixture = try await Fixture.scripted(["config/app.toml": "a = 1\nb = 1\n"])
    let folder = fixture.folder
    // Each pair has a folder of its own, as those who exchange secrets by a link do it.
    @Sendable func exchange(_ number: Int) throws {
      try folder.write(FilePath("secret/\(number)/tls.crt"), "\(number)")
      try folder.write(FilePath("secret/\(number)/tls.key"), "\(number)")
      try folder.swapLink("secret/data", to: FilePath("\(number)"))
    }
    try exchange(1)
    let stream = try await fixture.manager.watchFiles(
      "tls", ["secret/data/tls.crt", "secret/data/tls.key"]
    ) { files in
      files.files.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
    let isOver = Latch()
    async let exchanging: Void = {
      defer { isOver.open() }
      for number in 2...100 {
        try exchange(number)
        await Task.yield()
      }
    }()
    var last = 1
    while !isOver.isOpen {
      _ = try await fixture.manager.submit(
        Candidate(producer: .reload, scope: .units([.files("tls")])))
      let pair = stream.current.compactMap { Int($0) }
      #expect(pair.count == 2 && pair[0] == pair[1] && pair[0] >= last)
      last = pair.last ?? last
    }
    try await exchanging
    try await fixture.manager.reload()
    try await fixture.end()
  }

  @Test("keeps what is in force when a file goes away, and recovers when it comes back")
  func missing() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchFiles(
      "tls", [Self.certificate, Self.key], make: Self.pair)
    try fixture.folder.remove(Self.key)
    fixture.source?.deliver([.init(path: Self.key, kind: .deleted)])
    try await fixture.manager.sync()
    #expect(stream.current.key == "1")
    let refusal = await fixture.manager.status().rejected["tls"]?.first
    #expect(refusal?.description.contains("secret/tls.key") == true)
    try await fixture.save(Self.key, "1")
    #expect(await fixture.manager.status().rejected.isEmpty)
    try await fixture.end()
  }

  @Test("cannot be made while a file is missing, and can be when it is there")
  func cannotBeMade() async throws {
    let fixture = try await Fixture.scripted([Self.certificate: "1"])
    let paths = [Self.certificate, Self.key]
    await #expect {
      _ = try await fixture.manager.watchFiles("tls", paths, make: Self.pair)
    } throws: { error in
      (error as? HotReloadError)?.code == .configRejected && "\(error)".contains("secret/tls.key")
    }
    try fixture.folder.write(Self.key, "1")
    let stream = try await fixture.manager.watchFiles("tls", paths, make: Self.pair)
    #expect(stream.current.key == "1")
    try await fixture.end()
  }

  @Test("is a participant's business too")
  func participant() async throws {
    final class Server: ReloadParticipant {
      func prepare(_ change: ReloadChange) async throws -> Int {
        change.files("tls")?.files.count ?? 0
      }
    }
    let fixture = try await Fixture.scripted(Self.files)
    _ = try await fixture.manager.watchFiles("tls", [Self.certificate, Self.key])
    let registration = try await fixture.manager.register(Server(), for: [.files("tls")])
    #expect(registration.current == 2)
    try await fixture.save(Self.key, "2")
    #expect(registration.generation == fixture.manager.snapshot().generation)
    try await fixture.end()
  }

  @Test("hears of files that no pattern names")
  func watched() async throws {
    let fixture = try await Fixture.real(Self.files)
    let stream = try await fixture.manager.watchFiles(
      "tls", [Self.certificate, Self.key], make: Self.pair)
    try fixture.folder.replace(Self.certificate, "2")
    try fixture.folder.replace(Self.key, "2")
    try await fixture.manager.sync()
    #expect(stream.current == Pair(certificate: "2", key: "2"))
    try await fixture.end()
  }
}
