internal import HotReloadContent
import WorkspaceTools

/// The page that stands in where the site has none of its own for an error.
struct BuiltInPage: Sendable {
  var title: String
  var text: String
  var diagnostics: [ConfigDiagnostic] = []

  /// The whole document. Everything that comes from elsewhere is escaped.
  var html: String {
    let list = diagnostics.map { "    <li><code>\(HTMLText.escaped($0.description))</code></li>\n" }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTMLText.escaped(title))</title>
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
      <h1>\(HTMLText.escaped(title))</h1>
      <p>\(HTMLText.escaped(text))</p>
      \(list.isEmpty ? "" : "<ul>\n\(list.joined())</ul>\n")</main>
      </body>
      </html>

      """
  }
}
