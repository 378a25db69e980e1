// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")

let package = Package(
  name: "swift-hot-reload",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "WorkspaceFiles", targets: ["WorkspaceFiles"]),
    .library(name: "WorkspaceTools", targets: ["WorkspaceTools"]),
    .library(name: "FileWatching", targets: ["FileWatching"]),
    .library(name: "HotReload", targets: ["HotReload"]),
    .library(name: "HotReloadServer", targets: ["HotReloadServer"]),
    .library(name: "HotReloadTesting", targets: ["HotReloadTesting"]),
    .executable(name: "hotreload", targets: ["HotReloadCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(name: "CSystemShims"),
    .target(
      name: "WorkspaceFiles", dependencies: ["CSystemShims", system], swiftSettings: strict),
    .target(
      name: "WorkspaceTools",
      dependencies: ["WorkspaceFiles", system, .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(
      name: "FileWatching", dependencies: ["CSystemShims", "WorkspaceFiles", system],
      swiftSettings: strict),
    .target(
      name: "HotReload",
      dependencies: ["WorkspaceTools", "FileWatching", system, logging, lifecycle],
      swiftSettings: strict),
    .target(
      name: "HotReloadServer",
      dependencies: [
        "HotReload", "WorkspaceFiles", system, logging, lifecycle, hummingbird, hummingbirdCore,
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadTesting",
      dependencies: ["HotReload", "FileWatching", "WorkspaceTools", "WorkspaceFiles", system],
      swiftSettings: strict),
    .executableTarget(
      name: "HotReloadCommand",
      dependencies: [
        "HotReload", "FileWatching", "WorkspaceTools", "WorkspaceFiles", system, logging, lifecycle,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "HelloHotReload", dependencies: ["HotReload", "WorkspaceTools"],
      path: "Examples/HelloHotReload", exclude: ["config"], swiftSettings: strict),

    .executableTarget(
      name: "FileSystemMutator", dependencies: ["CSystemShims"],
      path: "Tests/Support/FileSystemMutator", swiftSettings: strict),
    .executableTarget(
      name: "WatcherProcess", dependencies: ["FileWatching", system],
      path: "Tests/Support/WatcherProcess", swiftSettings: strict),
    .testTarget(
      name: "WorkspaceFilesTests", dependencies: ["WorkspaceFiles", "HotReloadTesting"],
      swiftSettings: strict),
    .testTarget(
      name: "WorkspaceToolsTests", dependencies: ["WorkspaceTools", "HotReloadTesting"],
      swiftSettings: strict),
    .testTarget(
      name: "FileWatchingTests",
      dependencies: [
        "FileWatching", "HotReloadTesting", "FileSystemMutator", "WatcherProcess", system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadTests", dependencies: ["HotReload", "HotReloadTesting"],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadServerTests",
      dependencies: ["HotReloadServer", "HotReloadTesting", hummingbird],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadCommandTests",
      dependencies: ["HotReloadCommand", "HotReloadTesting"], swiftSettings: strict),
  ]
)
