// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hashTrees = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let configuration = Target.Dependency.product(
  name: "Configuration", package: "swift-configuration")
// The provider needs none of swift-configuration's traits. A test that compares it with what they bring does, and
// programs that use this package must not get them: with `Reloading`, `swift build --product` fails to resolve. So
// scripts/test asks for them. A trait of our own would do the same, but a change of it compiles everything anew.
let comparesUpstream = Context.environment["HOTRELOAD_UPSTREAM_COMPARISON"] != nil

let package = Package(
  name: "swift-hot-reload",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "WorkspaceFiles", targets: ["WorkspaceFiles"]),
    .library(name: "WorkspaceTools", targets: ["WorkspaceTools"]),
    .library(name: "FileWatching", targets: ["FileWatching"]),
    .library(name: "HotReload", targets: ["HotReload"]),
    .library(name: "HotReloadProcess", targets: ["HotReloadProcess"]),
    .library(name: "HotReloadServer", targets: ["HotReloadServer"]),
    .library(name: "HotReloadContent", targets: ["HotReloadContent"]),
    .library(name: "HotReloadMustache", targets: ["HotReloadMustache"]),
    .library(name: "HotReloadStencil", targets: ["HotReloadStencil"]),
    .library(name: "HotReloadBrowser", targets: ["HotReloadBrowser"]),
    .library(name: "HotReloadWebhook", targets: ["HotReloadWebhook"]),
    .library(name: "HotReloadConfigProvider", targets: ["HotReloadConfigProvider"]),
    .library(name: "HotReloadFleet", targets: ["HotReloadFleet"]),
    .library(name: "HotReloadFleetTesting", targets: ["HotReloadFleetTesting"]),
    .library(name: "HotReloadTesting", targets: ["HotReloadTesting"]),
    .executable(name: "hotreload", targets: ["HotReloadCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0",
      traits: comparesUpstream ? ["JSON", "YAML", "Reloading"] : []),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.0.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/stencilproject/Stencil", from: "0.15.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(name: "CSystemShims"),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"])]),
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
      dependencies: [
        "WorkspaceTools", "FileWatching", system, logging, metrics, tracing, lifecycle, hashTrees,
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadProcess",
      dependencies: [
        "CSystemShims", "HotReload", "FileWatching", "WorkspaceTools", "WorkspaceFiles", system,
        logging, lifecycle,
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadServer",
      dependencies: [
        "HotReload", "HotReloadContent", "WorkspaceTools", "WorkspaceFiles", system, logging,
        lifecycle, hummingbird, hummingbirdCore,
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadContent",
      dependencies: [
        "CZlib", "HotReload", "WorkspaceTools", "WorkspaceFiles", system, logging, hashTrees,
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadMustache",
      dependencies: [
        "HotReloadContent", "WorkspaceTools", .product(name: "Mustache", package: "swift-mustache"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadStencil",
      dependencies: [
        "HotReloadContent", "WorkspaceTools", .product(name: "Stencil", package: "Stencil"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadBrowser",
      dependencies: [
        "HotReload", "HotReloadContent", "HotReloadServer", "WorkspaceTools", "WorkspaceFiles",
        system, logging, lifecycle, hummingbird, hummingbirdCore,
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
      ],
      resources: [
        .embedInCode("Resources/client.js"), .embedInCode("Resources/livereload.js"),
        .embedInCode("Resources/dashboard.html"), .embedInCode("Resources/dashboard.css"),
        .embedInCode("Resources/dashboard.js"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadSite",
      dependencies: [
        "HotReload", "HotReloadContent", "HotReloadMustache", "HotReloadStencil",
        "HotReloadBrowser", "HotReloadServer", "HotReloadProcess", "FileWatching", "WorkspaceTools",
        "WorkspaceFiles", "CSystemShims", system, logging, lifecycle, hummingbird, hummingbirdCore,
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      resources: [.embedInCode("Initial/Files")],
      swiftSettings: strict),
    .target(
      name: "HotReloadWebhook",
      dependencies: [
        "HotReload", "WorkspaceTools",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadFleet",
      dependencies: [
        "CSystemShims", "HotReload", "FileWatching", "WorkspaceTools", "WorkspaceFiles", system,
        logging, lifecycle,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .target(
      name: "HotReloadFleetTesting", dependencies: ["HotReloadFleet"], swiftSettings: strict),
    .target(
      name: "HotReloadConfigProvider",
      dependencies: ["HotReload", "WorkspaceTools", configuration], swiftSettings: strict),
    .target(
      name: "HotReloadTesting",
      dependencies: [
        "CSystemShims", "HotReload", "FileWatching", "WorkspaceTools", "WorkspaceFiles", system,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "HotReloadCommand",
      dependencies: [
        "HotReload", "HotReloadProcess", "HotReloadContent", "HotReloadMustache",
        "HotReloadStencil",
        "HotReloadBrowser", "HotReloadServer", "HotReloadSite", "HotReloadFleet", "FileWatching",
        "WorkspaceTools", "WorkspaceFiles", system, logging, lifecycle,
        .product(name: "NIOCore", package: "swift-nio"),
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
    .executableTarget(
      name: "JournalProcess", dependencies: ["HotReload", "WorkspaceTools", system],
      path: "Tests/Support/JournalProcess", swiftSettings: strict),
    .executableTarget(
      name: "CrashingServer",
      dependencies: ["HotReload", "FileWatching", "WorkspaceTools", system, logging],
      path: "Tests/Support/CrashingServer", swiftSettings: strict),
    .executableTarget(
      name: "FleetServer",
      dependencies: [
        "HotReload", "HotReloadFleet", "WorkspaceTools", system, logging, lifecycle, hummingbird,
      ],
      path: "Tests/Support/FleetServer", swiftSettings: strict),
    .executableTarget(
      name: "StoreProcess", dependencies: ["HotReloadFleet", system],
      path: "Tests/Support/StoreProcess", swiftSettings: strict),
    .target(
      name: "RawHTTP", dependencies: ["WorkspaceFiles"], path: "Tests/Support/RawHTTP",
      swiftSettings: strict),
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
      name: "HotReloadTests",
      dependencies: [
        "HotReload", "HotReloadTesting", "JournalProcess", "CrashingServer", logging, metrics,
        tracing,
        .product(name: "InMemoryLogging", package: "swift-log"),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadProcessTests",
      dependencies: ["CSystemShims", "HotReloadProcess", "HotReloadTesting"], swiftSettings: strict),
    .testTarget(
      name: "HotReloadServerTests",
      dependencies: [
        "HotReloadServer", "HotReloadContent", "HotReload", "HotReloadTesting", "WorkspaceTools",
        "WorkspaceFiles", hummingbird, system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadContentTests",
      dependencies: [
        "HotReloadContent", "HotReloadMustache", "HotReloadStencil", "HotReload",
        "HotReloadTesting",
        "WorkspaceTools", system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadBrowserTests",
      dependencies: [
        "HotReloadBrowser", "HotReloadServer", "HotReloadContent", "HotReload", "HotReloadTesting",
        "RawHTTP", "WorkspaceTools", hummingbird, system,
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadSiteTests",
      dependencies: [
        "HotReloadSite", "HotReloadBrowser", "HotReloadContent", "HotReloadServer", "HotReload",
        "HotReloadTesting", "RawHTTP", "WorkspaceTools", hummingbird, system,
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadWebhookTests",
      dependencies: [
        "HotReloadWebhook", "HotReload", "HotReloadTesting", "WorkspaceTools", system,
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "HotReloadFleetTests",
      dependencies: [
        "HotReload", "HotReloadFleet", "HotReloadFleetTesting", "HotReloadTesting", "StoreProcess",
        "WorkspaceFiles", "WorkspaceTools", system, logging, lifecycle,
        .product(name: "InMemoryLogging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SimulationTests", dependencies: ["HotReloadFleet", "HotReloadTesting"],
      path: "Tests/Simulation", swiftSettings: strict),
    .testTarget(
      name: "HotReloadConfigProviderTests",
      dependencies: [
        "HotReloadConfigProvider", "HotReload", "HotReloadTesting", "WorkspaceTools", configuration,
        .product(name: "ConfigurationTesting", package: "swift-configuration"), system,
      ],
      swiftSettings: strict + (comparesUpstream ? [.define("UPSTREAM_COMPARISON")] : [])),
    .testTarget(
      name: "HotReloadCommandTests",
      dependencies: [
        "HotReloadCommand", "HotReloadFleet", "HotReloadProcess", "HotReloadSite",
        "HotReloadTesting", "RawHTTP", "WorkspaceTools", system, logging,
      ],
      swiftSettings: strict),
  ]
)
