/// A part of a file's content, small enough for one request.
struct BundlePiece: Sendable, Hashable {
  /// The most bytes of a piece: with its key, and in base64 as etcd's gateway has it, it is far within a request.
  static let maximumBytes = 1 << 20
  /// The most bytes of pieces in one transaction, or one answer.
  static let batchBytes = 5 << 18

  /// The digest of the whole file.
  var sha256: String
  /// Which part it is, from 0 on.
  var number: Int
  /// How many bytes it has.
  var size: Int

  /// Where it begins in its file.
  var offset: Int { number * Self.maximumBytes }
}

extension BundleListing.Line {
  /// The pieces of the file; an empty one has none.
  var pieces: [BundlePiece] {
    stride(from: 0, to: size, by: BundlePiece.maximumBytes).enumerated().map { number, start in
      BundlePiece(
        sha256: sha256, number: number, size: min(size - start, BundlePiece.maximumBytes))
    }
  }
}

extension BundleListing {
  /// The pieces of all files, those of files with equal content once.
  var pieces: [BundlePiece] {
    var seen: Set<String> = []
    return lines.filter { seen.insert($0.sha256).inserted }.flatMap(\.pieces)
  }
}

extension [BundlePiece] {
  /// Divided so that each part fits into one transaction, as conditions or as changes.
  var batches: [ArraySlice<BundlePiece>] {
    var batches: [ArraySlice<BundlePiece>] = []
    var start = 0
    var bytes = 0
    for (index, piece) in enumerated() {
      let isFull =
        index - start == StoreLimits.operations - 1
        || bytes + piece.size > BundlePiece.batchBytes
      if isFull, index > start {
        batches.append(self[start..<index])
        start = index
        bytes = 0
      }
      bytes += piece.size
    }
    if start < count { batches.append(self[start...]) }
    return batches
  }
}
