import HotReloadBrowser
import NIOCore
import Testing

@Suite struct HTMLInjectorTests {
  static let snippet = "<script></script>"

  /// Where `§` stands in the document, the element belongs.
  static let documents: [String] = [
    "<!doctype html><html><head>§<title>x</title></head><body></body></html>",
    "<!DOCTYPE HTML>\n<HTML LANG=en>\n<HEAD>§\n<TITLE>x</TITLE>",
    "<html><head profile=\"a>b\" data-x='>'>§<title>x</title>",
    "<html><head data-x=a/b>§<title>x</title>",
    "<html><head/>§<title>x</title>",
    "<html data-a = \"<head>\"><head>§<base href=/>",
    "<!-- <head> --><!doctype html><!-- <html><head> --><html><!-- <head> --><head>§<p>",
    "<!doctype html>§<header>x</header>",
    "<!doctype html><html>§<header>x</header><head></head>",
    "<!doctype html>§<title>x</title><p>",
    "<!doctype html>§\n<body><head>",
    "<!doctype html>§text <head>",
    "§<p>fragment <head></p>",
    "\n  §text",
    "<?xml version=\"1.0\"?><html><head>§<title>",
    "<!--><head>§<title>",
    "<!---><head>§<title>",
    "<!-- a --!><head>§<title>",
    "<!-- a --!-> <head> --><head>§<title>",
    "<!-- a -- > <head> --><head>§<title>",
    "<!x <head><html>§<p>",
    "<!doctype html public \"<head>§\"><head>",
    "</p><html><head>§<p>",
    "§</body><head>",
    "</><head>§<p>",
    "</ x><head>§<p>",
    "§<headline><head>",
    "§< head><head>",
    "<html a\"b><head>§<p>",
    "<head>\n<meta charset=\"utf-8\">§<title>x</title>",
    "<head><!-- é --><META http-equiv=content-type content='text/html; charset=utf-8'>§<p>",
    "<head>§<meta name=viewport><meta charset=utf-8>",
    "<!doctype html><meta charset=utf-8>§<title>",
    "\u{FEFF}<!doctype html><html><head>§<p>",
    "\u{FEFF}§text",
    "<!doctype html>§",
    "<!doctype html>§<ht",
    "<html><head>§",
    "§<!-- never ends",
    "<!-- only a comment -->§",
    "§",
  ]

  @Test("The element comes where a parser begins the head", arguments: documents)
  func place(_ document: String) {
    let expected = document.replacing("§", with: Self.snippet)
    let original = Array(document.replacing("§", with: "").utf8)
    #expect(inject(into: [original]) == expected)
  }

  @Test("How a document is cut into pieces makes no difference", arguments: documents)
  func pieces(_ document: String) {
    let expected = document.replacing("§", with: Self.snippet)
    let original = Array(document.replacing("§", with: "").utf8)
    #expect(inject(into: original.map { [$0] }) == expected)
    for cut in original.indices {
      #expect(inject(into: [Array(original[..<cut]), Array(original[cut...])]) == expected)
    }
  }

  @Test func `UTF-16 passes unchanged, with and without a byte order mark`() {
    let text = Array("<html><head><title>".utf16)
    let little = text.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big = text.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    for document in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      for pieces in [[document], document.map { [$0] }] {
        #expect(bytes(of: pieces) == document)
      }
    }
  }

  @Test func `Behind the look-ahead the element comes at the end, and nothing is held back`() {
    let comment =
      Array("<!--".utf8) + Array(repeating: UInt8(ascii: "a"), count: HTMLInjector.lookAhead)
    let document = comment + Array("--><html><head><p>".utf8)
    let expected = document + Array(Self.snippet.utf8)
    let isAtEnd = bytes(of: [document]) == expected
    let isAtEndInBytes = bytes(of: document.map { [$0] }) == expected
    #expect(isAtEnd && isAtEndInBytes)

    var injector = HTMLInjector(Self.snippet)
    let sent = injector.process(ByteBuffer(bytes: comment)).readableBytes
    #expect(sent == comment.count)
    #expect(injector.process(ByteBuffer(string: "b")) == ByteBuffer(string: "b"))
  }

  @Test func `What was found within the look-ahead is used, whatever follows it`() {
    let comment = "<!--" + String(repeating: "a", count: HTMLInjector.lookAhead) + "-->"
    let document = "<!doctype html><html>" + comment + "<head>"
    let isAfterHTML = inject(into: [Array(document.utf8)]).hasPrefix(
      "<!doctype html><html>" + Self.snippet + "<!--")
    #expect(isAfterHTML)
  }

  @Test func `Once the element is written, pieces pass as they are`() {
    var injector = HTMLInjector(Self.snippet)
    _ = injector.process(ByteBuffer(string: "<head><p>"))
    #expect(injector.process(ByteBuffer(string: "<head>")) == ByteBuffer(string: "<head>"))
    #expect(injector.finish().readableBytes == 0)
  }

  private func inject(into pieces: [[UInt8]]) -> String {
    String(decoding: bytes(of: pieces), as: UTF8.self)
  }

  private func bytes(of pieces: [[UInt8]]) -> [UInt8] {
    var injector = HTMLInjector(Self.snippet)
    var result: [UInt8] = []
    for piece in pieces { result += injector.process(ByteBuffer(bytes: piece)).readableBytesView }
    return result + injector.finish().readableBytesView
  }
}
