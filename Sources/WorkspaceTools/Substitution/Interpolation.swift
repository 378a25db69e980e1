public import SystemPackage
import WorkspaceFiles

/// Puts environment variables and files into the texts of a tree.
///
/// - `${NAME}` is the variable's value, and an error if there is none.
/// - `${NAME:-default}` is the default if the variable is missing or empty; it may hold `${…}` itself.
/// - `${file:/run/secrets/x}` is the file's content without its last line feed. A relative path
///   starts at the workspace's root.
/// - `$${` is `${`. Any other `$` is itself.
///
/// Only values are looked at, never keys. A text that something was put into is decoded leniently
/// (``ConfigTree/Origin/substituted``). What is put in is not looked at again.
public struct Interpolation: Sendable {
  /// The largest file that is put in, in bytes.
  public static let maximumFileSize = 1 << 20
  /// The longest text that may result, in bytes.
  public static let maximumTextSize = 4 << 20
  /// How deep defaults may be nested in each other.
  static let maximumNesting = 16

  /// What came out.
  public struct Result: Sendable {
    /// The tree with everything put in; texts with errors are as they were.
    public var tree: ConfigTree
    /// What could not be put in, in the order of the document.
    public var diagnostics: [ConfigDiagnostic]
    /// The files that were read or missed, as absolute paths, each once: what to watch.
    public var files: [FilePath]
  }

  let environment: [String: String]
  let root: FilePath

  /// - Parameters:
  ///   - environment: the process's variables.
  ///   - root: what relative paths of files start at; absolute.
  public init(environment: [String: String], root: FilePath) {
    self.environment = environment
    self.root = root
  }

  /// `tree` with everything put in. Reads files: call it where blocking is fine.
  public func applied(to tree: ConfigTree) -> Result {
    var run = InterpolationRun(interpolation: self)
    let result = run.interpolated(tree, path: ConfigKeyPath())
    return Result(tree: result, diagnostics: run.diagnostics, files: run.files)
  }
}

/// One pass over a tree.
struct InterpolationRun {
  let interpolation: Interpolation
  private(set) var diagnostics: [ConfigDiagnostic] = []
  private(set) var files: [FilePath] = []
  private var contents: [FilePath: String] = [:]

  init(interpolation: Interpolation) {
    self.interpolation = interpolation
  }

  mutating func interpolated(_ tree: ConfigTree, path: ConfigKeyPath) -> ConfigTree {
    var tree = tree
    switch tree.value {
    case .string(let text):
      guard text.utf8.contains(UInt8(ascii: "$")) else { return tree }
      do {
        var reader = TemplateReader(text)
        var didSubstitute = false
        let result = try expand(&reader, depth: 0, didSubstitute: &didSubstitute)
        tree.value = .string(result)
        if didSubstitute { tree.origin = .substituted }
      } catch {
        diagnostics.append(
          ConfigDiagnostic(
            location: tree.location, keyPath: path.description, message: error.message))
      }
    case .array(let elements):
      var result: [ConfigTree] = []
      result.reserveCapacity(elements.count)
      for (index, element) in elements.enumerated() {
        result.append(interpolated(element, path: path.appending(.index(index))))
      }
      tree.value = .array(result)
    case .table(var table):
      for (position, entry) in table.enumerated() {
        let value = interpolated(entry.value, path: path.appending(.key(entry.key)))
        table.withValue(at: position) { $0 = value }
      }
      tree.value = .table(table)
    default: break
    }
    return tree
  }

  /// What stands up to the text's end, or, inside a default, up to its brace.
  private mutating func expand(
    _ reader: inout TemplateReader, depth: Int, didSubstitute: inout Bool
  ) throws(InterpolationError) -> String {
    guard depth <= Interpolation.maximumNesting else {
      throw InterpolationError("defaults nested more than \(Interpolation.maximumNesting) deep")
    }
    var result = ""
    while let piece = try reader.next(isInDefault: depth > 0) {
      switch piece {
      case .text(let text): result += text
      case .end: return result
      case .file(let path):
        didSubstitute = true
        result += try content(of: path)
      case .variable(let name, let hasDefault):
        didSubstitute = true
        let value = interpolation.environment[name]
        if hasDefault {
          // The default is read in any case, to get behind it; only if it is needed do its errors
          // count.
          let start = reader
          try reader.skipDefault()
          if let value, !value.isEmpty {
            result += value
          } else {
            reader = start
            result += try expand(&reader, depth: depth + 1, didSubstitute: &didSubstitute)
          }
        } else if let value {
          result += value
        } else {
          throw InterpolationError(
            "the environment variable \(name) is not set; set it, or write ${\(name):-default}")
        }
      }
      guard result.utf8.count <= Interpolation.maximumTextSize else {
        throw InterpolationError("the text has more than \(Interpolation.maximumTextSize) bytes")
      }
    }
    if depth > 0 { throw InterpolationError("\"${\" without its \"}\"") }
    return result
  }

  private mutating func content(of name: String) throws(InterpolationError) -> String {
    guard !name.isEmpty, !name.utf8.contains(0) else {
      throw InterpolationError("\"${file:}\" needs the path of a file")
    }
    let path = interpolation.root.pushing(FilePath(name)).lexicallyNormalized()
    if let content = contents[path] { return content }
    if !files.contains(path) { files.append(path) }
    let bytes: [UInt8]
    do throws(StableReadError) {
      bytes = try readStably(path, limit: Interpolation.maximumFileSize).bytes
    } catch {
      throw InterpolationError("cannot put in the file \(path): \(error)")
    }
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw InterpolationError("the file \(path) is not UTF-8")
    }
    if text.utf8.last == UInt8(ascii: "\n") {
      text = String(decoding: bytes.dropLast(bytes.suffix(2).first == 0x0D ? 2 : 1), as: UTF8.self)
    }
    contents[path] = text
    return text
  }
}

/// Why nothing could be put in.
struct InterpolationError: Error {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}
