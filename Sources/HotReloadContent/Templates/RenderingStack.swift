/// Which templates are being rendered, one within the other, and a limit to them, so that templates that take in each
/// other without end are an error and not the end of the process.
///
/// Engines tell when a template is entered. When it was left is seen from the stack of the thread: what was entered
/// further down than where it is now has been left. So one belongs to one rendering on one thread.
public final class RenderingStack {
  /// How many templates can be within each other.
  public static let maximumDepth = 500
  /// How much of the thread's stack a rendering may take, in bytes. Threads have 8 MiB with glibc, 512 KiB on Darwin
  /// and 128 KiB with musl, unless they are made otherwise.
  public static var maximumBytes: UInt {
    #if canImport(Musl)
      48 << 10
    #elseif canImport(Darwin)
      192 << 10
    #else
      3 << 20
    #endif
  }

  /// A template that was entered.
  public struct Entry {
    /// The file that was entered, relative to the root.
    public var path: String
    /// The file that it was entered from, and where.
    public var user: (path: String, position: TemplatePosition)?
    fileprivate var address: UInt
  }

  private let start: UInt
  private var entries: [Entry] = []

  /// Begins a rendering, on the thread that does it.
  public init() {
    start = Self.here()
  }

  /// The templates that are being rendered, outermost first. Some that were left since the last entry may be among
  /// them.
  public var path: [Entry] { entries }

  /// Notes that a template is entered.
  /// - Returns: false if there are too many within each other; then it must not be entered.
  public func enter(
    _ path: String, from user: (path: String, position: TemplatePosition)? = nil
  ) -> Bool {
    let address = Self.here()
    // Stacks grow downwards on every platform that Swift runs on.
    while let last = entries.last, last.address <= address { entries.removeLast() }
    guard entries.count < Self.maximumDepth, start &- min(address, start) < Self.maximumBytes else {
      return false
    }
    entries.append(Entry(path: path, user: user, address: address))
    return true
  }

  /// `a → b → a → …`, for a message: the end of the way, where it repeats itself.
  public var cycleText: String {
    let paths = entries.map(\.path)
    guard let last = paths.last else { return "" }
    let before = paths.dropLast().lastIndex(of: last) ?? max(0, paths.count - 8)
    return paths[before...].joined(separator: " → ")
  }

  /// An address in the frame of the function that calls this, or close to it.
  @inline(never)
  private static func here() -> UInt {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
  }
}
