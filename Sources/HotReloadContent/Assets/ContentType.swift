/// The media types of files, for `Content-Type`.
public enum ContentType {
  /// For a file whose ending is not known: bytes that a browser saves and does not interpret.
  public static let unknown = "application/octet-stream"

  /// The media type of a file by its ending, in upper or lower case; that of texts says that they are UTF-8.
  public static func of(path: String) -> String {
    ofEnding[ending(of: path)] ?? unknown
  }

  /// Whether a type is one of texts, which become smaller by compression.
  static func isText(_ type: String) -> Bool {
    type.hasSuffix("charset=utf-8") || compressible.contains(type)
  }

  /// What follows the last dot of the last component, in lower case.
  static func ending(of path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  private static let compressible: Set<String> = [
    "application/wasm", "application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp",
    "image/x-icon",
  ]

  static let ofEnding: [String: String] = [
    // Texts.
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "cjs": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "xhtml": "application/xhtml+xml; charset=utf-8",
    "xsl": "application/xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "map": "application/json; charset=utf-8",
    "jsonld": "application/ld+json; charset=utf-8",
    "geojson": "application/geo+json; charset=utf-8",
    "webmanifest": "application/manifest+json; charset=utf-8",
    "yaml": "application/yaml; charset=utf-8",
    "yml": "application/yaml; charset=utf-8",
    "toml": "application/toml; charset=utf-8",
    // Pictures.
    "svg": "image/svg+xml; charset=utf-8",
    "apng": "image/apng",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    // Fonts.
    "eot": "application/vnd.ms-fontobject",
    "otf": "font/otf",
    "ttf": "font/ttf",
    "woff": "font/woff",
    "woff2": "font/woff2",
    // Sound and film.
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "ogv": "video/ogg",
    "webm": "video/webm",
    // The rest.
    "gz": "application/gzip",
    "pdf": "application/pdf",
    "tar": "application/x-tar",
    "wasm": "application/wasm",
    "zip": "application/zip",
  ]
}
