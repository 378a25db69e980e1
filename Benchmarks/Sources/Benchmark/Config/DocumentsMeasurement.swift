import Foundation
import WorkspaceTools

extension Measurement {
  /// How long a large document takes.
  static let documents = Measurement(
    name: "documents",
    purpose: "1 MB to a typed value; floor: Foundation's JSONDecoder, the same values in JSON"
  ) { report, scale in
    for (format, target) in [(ConfigFormat.json, 40.0), (.toml, 40), (.yaml, 550)] {
      let document = try LargeDocument(format)
      let samples = try await interleave(
        rounds: scale.count(format == .yaml ? 5 : 11),
        [{ try document.decodeWithFoundation() }, { try document.parse() }])
      report.row(
        "\(format.rawValue) of 1 MB to a typed value", samples[1].median,
        floor: samples[0].median, unit: .millisecondsPerMegabyte, target: .atMost(target))
    }
  }
}

/// A document of about a megabyte: many records of texts, numbers and lists.
private struct LargeDocument {
  private struct Record: Codable {
    var name: String
    var host: String
    var port: Int
    var weight: Double
    var isEnabled: Bool
    var tags: [String]
  }

  private struct Document: Codable {
    var records: [Record]

    init(records count: Int) {
      records = (0..<count).map { index in
        Record(
          name: "record-number-\(index)", host: "10.0.\(index / 256).\(index % 256)",
          port: 8_000 + index % 1_000, weight: Double(index) / 7, isEnabled: index % 2 == 0,
          tags: ["alpha", "beta-\(index % 10)"])
      }
    }
  }

  private static let size = 1_000_000

  private let format: ConfigFormat
  private let records: Int
  private let bytes: [UInt8]
  private let json: Data

  init(_ format: ConfigFormat) throws {
    self.format = format
    let sample = 1_000
    let part = try format.serialize(ConfigTree.encode(Document(records: sample))).count
    records = Self.size * sample / part
    let tree = try ConfigTree.encode(Document(records: records))
    bytes = try format.serialize(tree)
    json = Data(try ConfigFormat.json.serialize(tree))
  }

  /// Milliseconds a megabyte, with positions kept.
  func parse() throws -> Double {
    var count = 0
    let time = try computingNanoseconds {
      let tree = try format.parse(bytes, file: "large.\(format.rawValue)")
      count = try tree.decode(Document.self).records.count
    }
    return try rate(time, bytes: bytes.count, records: count)
  }

  /// The same, without positions, and of the JSON.
  func decodeWithFoundation() throws -> Double {
    var count = 0
    let time = try computingNanoseconds {
      count = try JSONDecoder().decode(Document.self, from: json).records.count
    }
    return try rate(time, bytes: json.count, records: count)
  }

  private func rate(_ time: Double, bytes: Int, records count: Int) throws -> Double {
    guard count == records else { throw WrongResult(message: "\(count) of \(records) records") }
    return time / Double(bytes)
  }
}
