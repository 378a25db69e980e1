import HTTPTypes
import HotReloadContent
import Hummingbird

/// What a request for an asset is answered with, as far as its headers decide.
struct AssetAnswer: Sendable {
  let asset: Asset
  /// The headers of an answer with the bytes as they are.
  let headers: HTTPFields
  /// Which of the bytes.
  let range: ByteRange
  /// The client has what it asks for.
  let isKnown: Bool
  /// The client takes gzip, and asks for everything.
  let wantsGzip: Bool
  /// The tag of the compressed bytes, which are others.
  let gzipTag: EntityTag

  /// - Parameter isImmutable: it was asked for by its hashed name.
  init(_ asset: Asset, isImmutable: Bool, _ request: Request) {
    let tag = EntityTag(asset.digest.description)
    gzipTag = EntityTag("\(asset.digest)-gzip")
    let ifNoneMatch = request.headers[.ifNoneMatch]
    isKnown =
      tag.isNamed(byIfNoneMatch: ifNoneMatch) || gzipTag.isNamed(byIfNoneMatch: ifNoneMatch)
    let asked = request.method == .get ? request.headers[.range] : nil
    range =
      tag.admitsRange(ifRange: request.headers[.ifRange])
      ? ByteRange(asked, size: asset.size) : .whole
    // A part of compressed bytes is of no use to anybody.
    wantsGzip =
      asset.isCompressible && range == .whole
      && AcceptEncoding(request.headers[.acceptEncoding]).prefersGzip
    var headers: HTTPFields = [
      .contentType: asset.contentType,
      .eTag: tag.description,
      .acceptRanges: "bytes",
      .cacheControl: isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
      .xContentTypeOptions: "nosniff",
    ]
    if asset.isCompressible { headers[.vary] = "Accept-Encoding" }
    self.headers = headers
    self.asset = asset
  }
}
