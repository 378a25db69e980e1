// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

// A package of its own, so that programs that use swift-hot-reload never build what measures it.
let package = Package(
  name: "swift-hot-reload-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "swift-hot-reload", path: ".."),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    .executableTarget(
      name: "benchmark",
      dependencies: [
        .product(name: "FileWatching", package: "swift-hot-reload"),
        .product(name: "HotReload", package: "swift-hot-reload"),
        .product(name: "HotReloadContent", package: "swift-hot-reload"),
        .product(name: "HotReloadFleet", package: "swift-hot-reload"),
        .product(name: "HotReloadMustache", package: "swift-hot-reload"),
        .product(name: "HotReloadTesting", package: "swift-hot-reload"),
        .product(name: "WorkspaceFiles", package: "swift-hot-reload"),
        .product(name: "WorkspaceTools", package: "swift-hot-reload"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      path: "Sources/Benchmark",
      swiftSettings: strict)
  ]
)
