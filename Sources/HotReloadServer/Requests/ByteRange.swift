/// What a `Range` header asks for (RFC 9110, section 14).
public enum ByteRange: Sendable, Hashable {
  /// Everything: there is no header, or one that a server may ignore, such as several ranges or one that is malformed.
  case whole
  /// These bytes, at least one.
  case part(Range<Int>)
  /// Nothing that is there: the answer is 416.
  case unsatisfiable

  /// Reads a header.
  /// - Parameters:
  ///   - header: its value; nil if there is none.
  ///   - size: how many bytes there are.
  public init(_ header: String?, size: Int) {
    self = .whole
    guard let header, header.utf8.count <= 128, let equals = header.firstIndex(of: "="),
      header[..<equals].lowercased() == "bytes"
    else { return }
    let ends = header[header.index(after: equals)...].split(
      separator: "-", omittingEmptySubsequences: false
    ).map { $0.trimmingSpaces() }
    guard ends.count == 2 else { return }
    switch (Self.number(ends[0]), Self.number(ends[1])) {
    case (.some(let first), .some(let last)):
      guard first <= last else { return }
      self = first < size ? .part(first..<(min(last, size - 1) + 1)) : .unsatisfiable
    case (.some(let first), nil) where ends[1].isEmpty:
      self = first < size ? .part(first..<size) : .unsatisfiable
    case (nil, .some(let length)) where ends[0].isEmpty:
      self = length > 0 && size > 0 ? .part(max(0, size - length)..<size) : .unsatisfiable
    default: return
    }
  }

  /// Digits only; what is larger than any file counts as the largest number.
  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text) ?? Int.max
  }
}

extension Substring {
  /// Without the spaces and tabs at both ends.
  func trimmingSpaces() -> Substring {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
