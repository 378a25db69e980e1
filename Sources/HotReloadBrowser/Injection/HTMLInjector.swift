public import NIOCore

/// Inserts an element into an HTML document that passes through it in pieces.
///
/// The element comes right after `<head>`; in a document without that tag, where the parser begins the head: after `<html>`, after the
/// doctype, or before the first tag or text. A `<meta charset>` that comes first stays first, because browsers look for it
/// in the first 1,024 bytes only. How the document is cut into pieces makes no difference.
///
/// What is inserted must be ASCII. Documents in UTF-16 pass unchanged.
public struct HTMLInjector: Sendable {
  /// How many bytes are held back at most, in search of the place. A document that has neither doctype nor tag by
  /// then gets the element at its end.
  public static let lookAhead = 65_536

  private enum State: Sendable {
    case searching
    case passing
    case appending
  }

  private let snippet: String
  private var state = State.searching
  private var start = DocumentStart()
  private var held = ByteBuffer()

  /// Creates an injector for one document.
  /// - Parameter snippet: the element, as HTML in ASCII.
  public init(_ snippet: String) {
    self.snippet = snippet
  }

  /// Takes a piece of the document, and returns what can be sent of it now; it may be empty.
  public mutating func process(_ piece: ByteBuffer) -> ByteBuffer {
    guard case .searching = state else { return piece }
    let base = held.readableBytes
    held.writeImmutableBuffer(piece)
    for (index, byte) in piece.readableBytesView.enumerated() {
      guard base + index < Self.lookAhead else {
        if let place = start.placeSoFar { return insert(at: place) }
        state = .appending
        return takeHeld()
      }
      switch start.consume(byte) {
      case .undecided: continue
      case .leave:
        state = .passing
        return takeHeld()
      case .insert(let place): return insert(at: place)
      }
    }
    return ByteBuffer()
  }

  /// Takes the end of the document, and returns what was still held back.
  public mutating func finish() -> ByteBuffer {
    defer { state = .passing }
    switch state {
    case .searching: return insert(at: start.placeAtEnd)
    case .appending: return ByteBuffer(string: snippet)
    case .passing: return ByteBuffer()
    }
  }

  private mutating func insert(at place: Int) -> ByteBuffer {
    state = .passing
    let document = takeHeld()
    let view = document.readableBytesView
    var result = ByteBuffer()
    result.reserveCapacity(view.count + snippet.utf8.count)
    result.writeBytes(view.prefix(place))
    result.writeString(snippet)
    result.writeBytes(view.dropFirst(place))
    return result
  }

  private mutating func takeHeld() -> ByteBuffer {
    defer { held = ByteBuffer() }
    return held
  }
}
