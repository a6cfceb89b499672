// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "fovea-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // The name is Fovea's own: without it the identity would be the name of the clone's folder.
        // No traits: nothing here downloads models.
        .package(name: "fovea", path: "../", traits: []),
        // No traits: allocations would be counted by a library that is another system package.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "OperationBenchmarks",
            dependencies: [
                .product(name: "Fovea", package: "fovea"),
                .product(name: "OperationCases", package: "fovea"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/OperationBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ]
)
