/// The paths of the dashboard. What changes something is at ``LivePath/reload``, ``LivePath/pause`` and
/// ``LivePath/resume``.
enum DashboardPath {
  static let page = "/_hotreload/"
  static let status = "/_hotreload/status.json"
  static let data = "/_hotreload/dashboard.json"
  static let content = "/_hotreload/content.json"
  static let style = "/_hotreload/dashboard.css"
  static let script = "/_hotreload/dashboard.js"
  static let events = "/_hotreload/dashboard/events"

  /// All of them, and the page without its slash.
  static let all = [LivePath.folder, page, status, data, content, style, script, events]
}
