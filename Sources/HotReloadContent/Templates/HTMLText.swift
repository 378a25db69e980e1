/// Text for HTML.
public enum HTMLText {
  /// The text as it can stand between tags and in a quoted attribute: `<`, `>`, `&`, `"` and `'` become entities.
  ///
  /// It goes scalar by scalar. A quotation mark with an accent is one character of Swift, and still ends an attribute.
  public static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
