/// Makes an experiment of the table in a config, and finds all that is wrong with it.
struct ExperimentReading {
  /// The config's name, the experiment's default name.
  let config: String
  /// The names of the variants that there are, without `control`.
  let variants: Set<String>
  private(set) var diagnostics: [ConfigDiagnostic] = []

  private static let keys = ["name", "salt", "weights", "test_subjects"]

  init(config: String, variants: Set<String>) {
    self.config = config
    self.variants = variants
  }

  /// The experiment of a config; nil if there is none, or it is wrong.
  ///
  /// Without overlays, a key of this name is the program's own, unless it has weights.
  mutating func read(_ tree: ConfigTree) -> ConfigExperiment? {
    guard let own = tree.table?[ConfigExperiment.key] else { return nil }
    guard !variants.isEmpty || own.table?["weights"] != nil else { return nil }
    guard let table = own.table else {
      refuse(own, "", "expected table, found \(own.value.kindName)")
      return nil
    }
    for entry in table where !Self.keys.contains(entry.key) {
      diagnostics.append(
        ConfigDiagnostic(
          location: entry.keyLocation ?? entry.value.location, keyPath: path(entry.key),
          message: "is not known; an experiment has " + Self.keys.joined(separator: ", ")))
    }
    let name = text(table["name"], "name") ?? config
    let salt = text(table["salt"], "salt")
    guard let weights = table["weights"] else {
      refuse(own, "weights", "is missing; give each variant its weight, and control its own")
      return nil
    }
    let experiment = ConfigExperiment(
      name: name, salt: salt, weights: readWeights(weights),
      testSubjects: readTestSubjects(table["test_subjects"]))
    return diagnostics.isEmpty ? experiment : nil
  }

  private func path(_ keys: String...) -> String {
    ConfigKeyPath(([ConfigExperiment.key] + keys).map { .key($0) }).description
  }

  private mutating func refuse(_ tree: ConfigTree, _ key: String, _ message: String) {
    let keyPath = key.isEmpty ? path() : path(key)
    diagnostics.append(
      ConfigDiagnostic(location: tree.location, keyPath: keyPath, message: message))
  }

  /// A text that goes into the hash.
  private mutating func text(_ tree: ConfigTree?, _ key: String) -> String? {
    guard let tree else { return nil }
    guard let text = tree.string else {
      refuse(tree, key, "expected String, found \(tree.value.kindName)")
      return nil
    }
    guard !text.isEmpty, text.utf8.count <= ConfigExperiment.maximumTextSize,
      !text.utf8.contains(0)
    else {
      refuse(
        tree, key,
        "must have 1 to \(ConfigExperiment.maximumTextSize) bytes, none of them 0")
      return nil
    }
    return text
  }

  private mutating func readWeights(_ tree: ConfigTree) -> [String: Int] {
    guard let table = tree.table else {
      refuse(tree, "weights", "expected table, found \(tree.value.kindName)")
      return [:]
    }
    var weights: [String: Int] = [:]
    for entry in table where isKnown(entry, of: "weights") {
      do throws(ConfigDiagnostic) {
        weights[entry.key] = try weight(entry.value)
      } catch {
        var wrong = error
        wrong.keyPath = path("weights", entry.key)
        wrong.location = error.location ?? entry.value.location
        diagnostics.append(wrong)
      }
    }
    if table[ConfigExperiment.control] == nil {
      refuse(tree, "weights", "control is missing; the config without overlay has a weight too")
    } else if diagnostics.isEmpty, weights.values.allSatisfy({ $0 == 0 }) {
      refuse(tree, "weights", "all weights are 0; somebody must get something")
    }
    return weights
  }

  private func weight(_ tree: ConfigTree) throws(ConfigDiagnostic) -> Int {
    if case .float = tree.value {
      throw ConfigDiagnostic(
        location: tree.location,
        message:
          "expected Int, found Float; only the proportion of weights counts, so write 1 and 3 "
          + "for 0.25 and 0.75")
    }
    let weight = try tree.decode(Int.self)
    guard (0...ConfigExperiment.maximumWeight).contains(weight) else {
      throw ConfigDiagnostic(
        location: tree.location,
        message: "\(weight) is no weight; it must be 0 to \(ConfigExperiment.maximumWeight)")
    }
    return weight
  }

  private mutating func readTestSubjects(_ tree: ConfigTree?) -> [String: String] {
    guard let tree else { return [:] }
    guard let table = tree.table else {
      refuse(tree, "test_subjects", "expected table, found \(tree.value.kindName)")
      return [:]
    }
    var variants: [String: String] = [:]
    for entry in table where isKnown(entry, of: "test_subjects") {
      let keyPath = path("test_subjects", entry.key)
      func refuse(_ tree: ConfigTree, _ message: String) {
        diagnostics.append(
          ConfigDiagnostic(location: tree.location, keyPath: keyPath, message: message))
      }
      guard let subjects = entry.value.array else {
        refuse(entry.value, "expected array, found \(entry.value.value.kindName)")
        continue
      }
      for subject in subjects {
        guard let text = subject.string else {
          refuse(subject, "expected String, found \(subject.value.kindName)")
          continue
        }
        guard !text.isEmpty, text.utf8.count <= ConfigExperiment.maximumTextSize else {
          refuse(
            subject, "a subject must have 1 to \(ConfigExperiment.maximumTextSize) bytes")
          continue
        }
        if let other = variants.updateValue(entry.key, forKey: text), other != entry.key {
          refuse(subject, "this subject is given \(other) already")
        }
      }
    }
    if variants.count > ConfigExperiment.maximumTestSubjects {
      refuse(
        tree, "test_subjects",
        "names \(variants.count) subjects; at most \(ConfigExperiment.maximumTestSubjects) can be")
    }
    return variants
  }

  /// Whether a key names a variant that there is.
  private mutating func isKnown(_ entry: ConfigTable.Entry, of key: String) -> Bool {
    if entry.key == ConfigExperiment.control || variants.contains(entry.key) { return true }
    let known = ([ConfigExperiment.control] + variants.sorted()).joined(separator: ", ")
    diagnostics.append(
      ConfigDiagnostic(
        location: entry.keyLocation ?? entry.value.location, keyPath: path(key, entry.key),
        message: "there is no such variant; there are \(known)"))
    return false
  }
}
