/// Splits a command line into words as a POSIX shell does, without a shell: quotes and backslashes are read, and
/// nothing is expanded, so that no file's name and no variable can become a command.
public enum WordList {
  /// Why a line cannot be split.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public let description: String
  }

  /// The words of a line.
  ///
  /// - Throws: ``Failure`` if a quote is never closed, or what only a shell can do (`|`, `&`, `;`, `<`, `>`, `$`,
  ///   a backquote) stands outside of quotes.
  public static func split(_ line: String) throws(Failure) -> [String] {
    var splitter = Splitter()
    for character in line { try splitter.add(character) }
    return try splitter.finished()
  }

  private struct Splitter {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false

    mutating func add(_ character: Character) throws(Failure) {
      if isEscaped {
        isEscaped = false
        // Between double quotes a backslash is itself, except before what has a meaning there.
        if quote == "\"", !"\"\\$`".contains(character) { append("\\") }
        append(character)
      } else if let open = quote {
        if character == open {
          quote = nil
        } else if character == "\\", open == "\"" {
          isEscaped = true
        } else {
          append(character)
        }
      } else {
        try addUnquoted(character)
      }
    }

    private mutating func addUnquoted(_ character: Character) throws(Failure) {
      switch character {
      case " ", "\t", "\n":
        if let word { words.append(word) }
        word = nil
      case "'", "\"":
        quote = character
        word = word ?? ""
      case "\\": isEscaped = true
      case "|", "&", ";", "<", ">", "$", "`":
        throw Failure(
          description:
            "\"\(character)\" needs a shell, and none is used: quote it if it is meant as it is, "
            + "or write sh -c '...'")
      default: append(character)
      }
    }

    private mutating func append(_ character: Character) {
      word = (word ?? "") + String(character)
    }

    func finished() throws(Failure) -> [String] {
      if let quote { throw Failure(description: "the quote \(quote) is never closed") }
      if isEscaped { throw Failure(description: "nothing follows the last backslash") }
      return words + (word.map { [$0] } ?? [])
    }
  }
}
