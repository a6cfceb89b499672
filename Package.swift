// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "fovea",
    products: [
        .library(name: "Fovea", targets: ["Fovea"]),
        .library(name: "OperationCases", targets: ["OperationCases"]),
        .executable(name: "fovea", targets: ["FoveaCommand"]),
    ],
    traits: [
        .trait(
            name: "Hub",
            description: "fovea pull, whose HTTP client takes longer to build than all the rest."),
        .default(enabledTraits: ["Hub"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // Floor 0: C. System headers, kernel text, embedded weights.
        .systemLibrary(name: "COpenCL", pkgConfig: "OpenCL", providers: [.apt(["ocl-icd-opencl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CImageDecoding",
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("webp")]),
        .target(name: "CHDF5"),
        .target(name: "DemoModel", exclude: ["Model"]),
        .target(name: "ImageNetClasses", exclude: ["classes.txt", "LICENSE-WordNet.txt", "make.py"]),
        .target(name: "Kernels", path: "Kernels"),

        // Floor 1: the vocabulary and its meaning.
        .target(name: "Operations", swiftSettings: swiftSettings),

        // Floor 2: files, pictures, devices.
        .target(
            name: "Checkpoints", dependencies: ["Operations", "CZlib", "ImageNetClasses"],
            swiftSettings: swiftSettings),
        .target(name: "Imaging", dependencies: ["CImageDecoding"], swiftSettings: swiftSettings),
        .target(
            name: "OpenCLRuntime", dependencies: ["COpenCL"],
            swiftSettings: swiftSettings + [.strictMemorySafety()]),

        // HDF5 stands apart: its library is opened at run time, and only the command does.
        .target(
            name: "CheckpointsHDF5", dependencies: ["Checkpoints", "Operations", "CHDF5"], swiftSettings: swiftSettings),

        // Floor 3: models know no device, device operations know no model.
        .target(name: "VisionModels", dependencies: ["Operations", "Checkpoints"], swiftSettings: swiftSettings),
        .target(
            name: "OpenCLOperations", dependencies: ["Operations", "OpenCLRuntime", "Kernels"],
            swiftSettings: swiftSettings),
        .target(name: "OperationCases", dependencies: ["Operations"], swiftSettings: swiftSettings),

        // The hub stands apart, too: only the command builds an HTTP client.
        .target(
            name: "ModelHub",
            dependencies: [
                "Checkpoints", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),

        // Floor 4: the public API.
        .target(
            name: "Fovea",
            dependencies: [
                "Operations", "Checkpoints", "Imaging", "OpenCLRuntime", "VisionModels", "OpenCLOperations",
                "OperationCases", "DemoModel",
            ],
            swiftSettings: swiftSettings),

        // Floor 5: the command, and the tests.
        .executableTarget(
            name: "FoveaCommand",
            dependencies: [
                "Fovea", "Operations", "Checkpoints", "Imaging", "OpenCLRuntime", "OpenCLOperations", "VisionModels",
                "OperationCases", "CheckpointsHDF5", .target(name: "ModelHub", condition: .when(traits: ["Hub"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(name: "ArchitectureTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "CheckpointTests", dependencies: ["Checkpoints", "CheckpointsHDF5", "CHDF5", "Operations"],
            swiftSettings: swiftSettings),
        .testTarget(name: "ImagingTests", dependencies: ["Imaging"], swiftSettings: swiftSettings),
        .testTarget(name: "OpenCLRuntimeTests", dependencies: ["OpenCLRuntime"], swiftSettings: swiftSettings),
        .testTarget(
            name: "OperationTests",
            dependencies: ["Operations", "OperationCases", "OpenCLOperations", "OpenCLRuntime", "Kernels"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "VisionModelTests",
            dependencies: ["VisionModels", "Checkpoints", "Operations", "OpenCLOperations", "OpenCLRuntime"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "FoveaTests",
            dependencies: [
                "Fovea", "Operations", "Checkpoints", "Imaging", "OpenCLRuntime", "OpenCLOperations", "VisionModels",
                "OperationCases",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Fovea", "FoveaCommand", "Checkpoints", "CheckpointsHDF5", "Imaging", "ModelHub", "Operations",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
    ]
)
