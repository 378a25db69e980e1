import Synchronization

private let sink = Atomic(0)

/// Uses a result, so that the optimizer does not leave out what makes it.
func keep(_ result: Int) {
  sink.store(result, ordering: .relaxed)
}
