// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

// A package of its own, as a program that uses swift-hot-reload is.
let package = Package(
  name: "swift-hot-reload-server-example",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "hot-reload-server", targets: ["DemoServer"]),
    .executable(name: "tour-driver", targets: ["TourDriver"]),
    .executable(name: "tls-server", targets: ["TLSServer"]),
    .executable(name: "live-site", targets: ["LiveSite"]),
  ],
  dependencies: [
    .package(name: "swift-hot-reload", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .executableTarget(
      name: "DemoServer",
      dependencies: [
        .product(name: "HotReload", package: "swift-hot-reload"),
        .product(name: "HotReloadFleet", package: "swift-hot-reload"),
        .product(name: "HotReloadProcess", package: "swift-hot-reload"),
        .product(name: "HotReloadServer", package: "swift-hot-reload"),
        .product(name: "WorkspaceTools", package: "swift-hot-reload"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "TourDriver", swiftSettings: strict),
    .executableTarget(
      name: "TLSServer",
      dependencies: [
        .product(name: "HotReload", package: "swift-hot-reload"),
        .product(name: "HotReloadServer", package: "swift-hot-reload"),
        .product(name: "WorkspaceTools", package: "swift-hot-reload"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "LiveSite",
      dependencies: [
        .product(name: "HotReload", package: "swift-hot-reload"),
        .product(name: "HotReloadBrowser", package: "swift-hot-reload"),
        .product(name: "HotReloadContent", package: "swift-hot-reload"),
        .product(name: "HotReloadMustache", package: "swift-hot-reload"),
        .product(name: "HotReloadServer", package: "swift-hot-reload"),
        .product(name: "WorkspaceTools", package: "swift-hot-reload"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ],
      swiftSettings: strict),
  ]
)
