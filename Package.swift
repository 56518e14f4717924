// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let collections: Target.Dependency = .product(name: "OrderedCollections", package: "swift-collections")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "drover",
    products: [
        .executable(name: "drover", targets: ["drover"]),
        .library(name: "Values", targets: ["Values"]),
        .library(name: "Jinja", targets: ["Jinja"]),
        .library(name: "SSH", targets: ["SSH"]),
        .library(name: "PKI", targets: ["PKI"]),
        .library(name: "Hypervisor", targets: ["Hypervisor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // 0: one C library each, a module map and a shim; no Swift.
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLibSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
        .systemLibrary(name: "CGnuTLS", pkgConfig: "gnutls", providers: [.apt(["libgnutls28-dev"])]),
        .systemLibrary(name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),

        // 1: leaves, useful alone, none knows another (Jinja stands on Values).
        .target(name: "Values", dependencies: ["CLibYAML", collections], swiftSettings: strict),
        .target(name: "Jinja", dependencies: ["Values"], swiftSettings: strict),
        .target(name: "SSH", dependencies: ["CLibSSH2"], swiftSettings: strict),
        .target(name: "PKI", dependencies: ["CGnuTLS"], swiftSettings: strict),
        .target(name: "Hypervisor", dependencies: ["CLibvirt"], swiftSettings: strict),

        // 2: pure; no sockets, processes, clock or environment.
        .target(name: "Inventory", dependencies: ["Values"], swiftSettings: strict),
        .target(name: "States", dependencies: ["Jinja", "Values"], swiftSettings: strict),
        .target(
            name: "Modules", dependencies: ["States", "Values"],
            resources: [.embedInCode("Shell")], swiftSettings: strict),

        // 3: all that touches machines.
        .target(
            name: "Fleet",
            dependencies: [
                "Inventory", "States", "Modules", "Jinja", "SSH", "PKI", "Hypervisor", "Values", logging, subprocess,
            ], resources: [.embedInCode("Shell")], swiftSettings: strict),
        .target(
            name: "Lab", dependencies: ["Values", subprocess],
            resources: [.embedInCode("Shell")], swiftSettings: strict),

        // 4: the command line.
        .executableTarget(
            name: "drover",
            dependencies: [
                "Fleet", "Lab", "Values", "Jinja", "SSH", "PKI", "Hypervisor", "Inventory", "States", "Modules",
                .product(name: "ArgumentParser", package: "swift-argument-parser"), logging,
            ], path: "Sources/CLI", swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Values", subprocess], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "HouseTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ValuesTests", dependencies: ["Values", "TestSupport"], exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "JinjaTests", dependencies: ["Jinja", "TestSupport"], exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "SSHTests", dependencies: ["PKI", "SSH", "TestSupport", subprocess], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(name: "PKITests", dependencies: ["PKI", "TestSupport", subprocess], swiftSettings: strict),
        .testTarget(
            name: "HypervisorTests", dependencies: ["Hypervisor", "TestSupport"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "InventoryTests", dependencies: ["Inventory", "TestSupport"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "StatesTests", dependencies: ["States", "TestSupport"], exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "ModulesTests", dependencies: ["Modules", "PKI", "States", "TestSupport", subprocess],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "FleetTests", dependencies: ["Fleet", "TestSupport", subprocess], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(name: "LabTests", dependencies: ["Lab", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests", dependencies: ["Fleet", "Lab", "TestSupport", subprocess], exclude: ["Fixtures"],
            swiftSettings: strict),
    ]
)
