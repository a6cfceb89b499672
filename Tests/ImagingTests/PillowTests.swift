import Imaging
import Testing

/// Decoding, turning and resampling, byte by byte as Pillow does them.
@Suite struct PillowTests {
    @Test func theFixturesAreHere() throws {
        let index = try #require(FixtureIndex.all)
        #expect(index.decoding.count >= 40)
        #expect(index.orientation.count >= 14)
        #expect(index.resampling.flatMap(\.targets).count >= 60)
        #expect(index.preprocessing.recipes.count >= 18)
    }

    @Test(arguments: FixtureIndex.all?.decoding ?? [])
    func decodesAsPillow(_ file: FixtureIndex.File) throws {
        let options = DecodingOptions()
        let decoded = try DecodedPicture(decoding: Fixtures.own(file.file), options: options)
        expectSame(decoded.picture, file.expected.picture)
        #expect(decoded.storedSize == decoded.picture.size)
        #expect(decoded.notes.isEmpty == !file.file.contains("animated"), "\(decoded.notes)")
    }

    @Test(arguments: FixtureIndex.all?.orientation ?? [])
    func turnsAsPillow(_ file: FixtureIndex.File) throws {
        let bytes = try Fixtures.own(file.file)
        let decoded = try DecodedPicture(decoding: bytes)
        expectSame(decoded.picture, file.expected.picture)
        var options = DecodingOptions()
        options.appliesOrientation = false
        let stored = try DecodedPicture(decoding: bytes, options: options)
        #expect(!stored.isTurned)
        #expect(stored.picture.size == stored.storedSize)
        #expect(stored.orientation == decoded.orientation)
        #expect(stored.picture.turned(stored.orientation) == decoded.picture)
    }

    @Test func everyOrientationIsToldFromTheFile() throws {
        for orientation in Orientation.allCases {
            let decoded = try DecodedPicture(decoding: Fixtures.own("orientation\(orientation.rawValue).png"))
            #expect(decoded.orientation == orientation)
            #expect(decoded.isTurned == (orientation != .up))
        }
        for name in ["bad-value", "bad-offset", "own-offset", "no-tiff"] {
            #expect(try DecodedPicture(decoding: Fixtures.own("orientation-\(name).png")).orientation == .up)
        }
    }

    @Test(arguments: FixtureIndex.all?.resampling ?? [])
    func resamplesAsPillow(_ row: FixtureIndex.Resized) throws {
        let source = row.source.picture
        for target in row.targets {
            let filter = try #require(Resampling(rawValue: target.filter))
            expectSame(source.resized(to: target.expected.picture.size, filter), target.expected.picture)
        }
    }

    @Test(arguments: Resampling.allCases)
    func aWindowIsThatPartOfTheWhole(_ filter: Resampling) throws {
        let source = try #require(FixtureIndex.all?.resampling.first).source.picture
        let targets = [(40, 7), (6, 5), (5, 60), (17, 9), (5, 23), (17, 23), (16, 4)].map {
            PixelSize(width: $0.0, height: $0.1)
        }
        for target in targets {
            let whole = source.resized(to: target, filter)
            let window = PixelRectangle(
                x: 1, y: 2, size: PixelSize(width: target.width - 2, height: target.height - 3))
            expectSame(source.resized(to: target, filter, window: window), whole.cropped(to: window))
        }
    }

    @Test func pillowCodesNameTheFilters() {
        #expect(
            (0...5).map { Resampling(pillowCode: $0) } == [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming])
        #expect(Resampling(pillowCode: 6) == nil)
    }
}
