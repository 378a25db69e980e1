import Synchronization
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite("The hub of live reload")
struct LiveHubTests {
  /// Remembers what it was told.
  final class Listener: LiveClient {
    private let told = Mutex<[String]>([])

    var texts: [String] { told.withLock { $0 } }

    func deliver(_ message: WireMessage) { told.withLock { $0.append(message.json) } }
    func keepAlive() { told.withLock { $0.append("keep alive") } }
    func end() { told.withLock { $0.append("end") } }
  }

  static func hub(_ limit: Int = 2) -> LiveHub {
    LiveHub(
      session: "s", limit: limit, state: LiveState(redacting: .default, generation: 3))
  }

  static let hello = #"{"type":"hello","session":"s","generation":3}"#

  @Test("says hello, then what everyone is told, in order, until somebody leaves")
  func joining() throws {
    let hub = Self.hub()
    let listener = Listener()
    let seat = try #require(hub.takeSeat())
    hub.announce(.pong)
    hub.join(listener, in: seat)
    hub.publish { _ in [.building, .clear] }
    hub.keepAlive()
    seat.leave()
    hub.announce(.clear)
    #expect(
      listener.texts == [
        Self.hello, #"{"type":"building"}"#, #"{"type":"clear"}"#, "keep alive",
      ])
  }

  @Test("has a limited number of seats, and a seat that is forgotten or left twice is free once")
  func seats() {
    let hub = Self.hub(1)
    var seat = hub.takeSeat()
    #expect(hub.takeSeat() == nil)
    seat?.leave()
    seat?.leave()
    #expect(hub.count == 0)
    seat = hub.takeSeat()
    #expect(hub.count == 1)
    seat = nil
    #expect(hub.count == 0)
    #expect(hub.takeSeat() != nil)
  }

  @Test("ends everybody when it closes, those who come too late among them")
  func closing() throws {
    let hub = Self.hub()
    let (early, late) = (Listener(), Listener())
    let seats = [try #require(hub.takeSeat()), try #require(hub.takeSeat())]
    hub.join(early, in: seats[0])
    hub.close()
    hub.join(late, in: seats[1])
    #expect(early.texts == [Self.hello, "end"])
    #expect(late.texts == ["end"])
    seats.forEach { $0.leave() }
    #expect(hub.takeSeat() == nil)
  }

  @Test("tells who missed something that anything may have changed, and what is wrong")
  func catchingUp() {
    let hub = Self.hub()
    let output = String(repeating: "x", count: LiveMessage.maximumOutputLength) + "end"
    hub.announce(.built(ok: false, output: output))
    let texts = hub.catchUp().map(\.json)
    #expect(texts.count == 2)
    #expect(texts[0].contains(#""all":true"#))
    #expect(texts[1].hasSuffix(#"end"}"#) && texts[1].utf8.count < output.utf8.count + 100)
    hub.announce(.built(ok: true, output: nil))
    #expect(hub.catchUp().count == 1)
  }
}
