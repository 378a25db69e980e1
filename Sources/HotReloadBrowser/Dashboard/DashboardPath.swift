/// The paths of the dashboard.
enum DashboardPath {
  static let root = "/_hotreload/"
  static let status = "/_hotreload/status.json"
  static let data = "/_hotreload/dashboard.json"
  static let style = "/_hotreload/dashboard.css"
  static let script = "/_hotreload/dashboard.js"
  static let events = "/_hotreload/dashboard/events"
  static let reload = "/_hotreload/dashboard/reload"
  static let pause = "/_hotreload/dashboard/pause"
  static let resume = "/_hotreload/dashboard/resume"

  /// Those that change something.
  static let changes: Set<String> = [reload, pause, resume]
  /// Those that only show.
  static let shown: Set<String> = [root, status, data, style, script, events]
}
