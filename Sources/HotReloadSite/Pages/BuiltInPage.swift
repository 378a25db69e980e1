import WorkspaceTools

/// The page that stands in where the site has none of its own for an error.
struct BuiltInPage: Sendable {
  var title: String
  var text: String
  var diagnostics: [ConfigDiagnostic] = []

  /// The whole document. Everything that comes from elsewhere is escaped.
  var html: String {
    let list = diagnostics.map { "    <li><code>\(Self.escape($0.description))</code></li>\n" }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Self.escape(title))</title>
      <style>
      :root { color-scheme: light dark; }
      body { font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 15vh auto; padding: 0 1.25rem; }
      h1 { font-size: 1.6rem; line-height: 1.25; }
      ul { padding: 0; list-style: none; }
      li { margin: .75rem 0; }
      code { font: .9rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
      </style>
      </head>
      <body>
      <main>
      <h1>\(Self.escape(title))</h1>
      <p>\(Self.escape(text))</p>
      \(list.isEmpty ? "" : "<ul>\n\(list.joined())</ul>\n")</main>
      </body>
      </html>

      """
  }

  /// Text as it may stand in an element or a quoted attribute.
  static func escape(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
