extension HotReloadManager {
  /// Time between two refreshes of the gauges if nothing happens.
  public static let metricsInterval = Duration.seconds(5)
  /// The shortest time between two refreshes, however much happens, so that they cost nothing that counts.
  static let shortestMetricsInterval = Duration.seconds(1)

  /// Refreshes the gauges when there is news, and now and then. Lasts until it is cancelled.
  func refreshMetrics() async {
    guard let metrics = driver.metrics else { return }
    let clock = driver.clock
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        // A sleep ends early only when the task is cancelled.
        while (try? await clock.sleep(clock.now() + Self.metricsInterval)) != nil {
          metrics.tellNews()
        }
      }
      metrics.tellNews()
      for await _ in metrics.news {
        _ = await status()
        let next = clock.now() + Self.shortestMetricsInterval
        guard (try? await clock.sleep(next)) != nil else { break }
      }
      group.cancelAll()
    }
  }
}
