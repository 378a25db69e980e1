import CZlib

/// Compression in the gzip format (RFC 1952), without a name and a time, so that equal bytes give equal bytes.
enum GzipEncoder {
  /// As small as it gets: what is compressed is kept.
  static let level: CInt = 9
  /// The most bytes that are compressed at once.
  static let maximumBytes = 64 << 20

  /// The bytes compressed; nil if they are too many, or zlib finds no memory. Takes some 50 ms a megabyte.
  static func encode(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count <= maximumBytes else { return nil }
    var stream = z_stream()
    guard czlib_gzip_init(&stream, level) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, uLong(bytes.count)))
    // zlib does not write to its input; its declaration only does not say so.
    var input = bytes
    let result = input.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        stream.next_in = input.baseAddress
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(bound)
        count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
      }
    }
    return result.isEmpty ? nil : result
  }
}
