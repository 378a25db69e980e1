import WorkspaceTools

/// A config of fifty keys and a number, such as a service has.
struct SampleConfig: Codable, Sendable {
  /// Ten settings.
  struct Section: Codable, Sendable {
    var name = "a name of usual length"
    var host = "service.internal.example.org"
    var path = "/var/lib/service/data"
    var port = 8080
    var workers = 16
    var limit = 65_536
    var timeout = 2.5
    var ratio = 0.75
    var isEnabled = true
    var isVerbose = false
  }

  var number: Int
  var server = Section()
  var database = Section()
  var cache = Section()
  var queue = Section()
  var metrics = Section()

  /// The document with this number, in JSON as people write it.
  static func json(_ number: Int) throws -> String {
    let tree = try ConfigTree.encode(SampleConfig(number: number))
    return String(decoding: try ConfigFormat.json.serialize(tree), as: UTF8.self)
  }
}
