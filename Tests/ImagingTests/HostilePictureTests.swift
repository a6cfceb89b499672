import Imaging
import Testing

/// What foreign files begin with, and what they are called.
private let foreign: [(name: String, bytes: [UInt8])] = [
    ("TIFF", [0x49, 0x49, 42, 0, 8, 0, 0, 0]),
    ("TIFF", [0x4D, 0x4D, 0, 42, 0, 0, 0, 8]),
    ("AVIF", [0, 0, 0, 32, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66]),
    ("HEIC", [0, 0, 0, 32, 0x66, 0x74, 0x79, 0x70, 0x68, 0x65, 0x69, 0x63]),
    ("of an unknown format", [0xFF, 0xD8]),
    ("of an unknown format", [1, 2, 3]),
    ("GIF", Array("GIF89a".utf8)),
    ("BMP", Array("BM6000".utf8)),
    ("a PDF document", Array("%PDF-1.7".utf8)),
    ("SVG", Array("<svg xmlns=".utf8)),
    ("an HTML page", Array("<!doctype html><html>".utf8)),
    ("a Git LFS pointer (run git lfs pull)", Array("version https://git-lfs.github.com/spec/v1".utf8)),
    ("text", Array("hello".utf8)),
    ("text", Array("RIFF0000WAVE".utf8)),
]

/// Bytes from strangers: each bad picture gets its own answer, and none takes the process down.
@Suite struct HostilePictureTests {
    @Test func nothingIsNoPicture() {
        expect(.empty, decoding: [])
    }

    @Test(arguments: foreign)
    func foreignFormatsAreNamed(name: String, bytes: [UInt8]) {
        let error = expect(.format, decoding: bytes)
        #expect(error?.message == "is \(name); supported: JPEG, PNG, WebP; convert it to one of these")
    }

    @Test(arguments: ["gray.jpg", "420.jpg", "progressive.jpg", "cmyk.jpg", "restarts.jpg"])
    func everyCutOfAJPEGIsTruncated(_ name: String) throws {
        let bytes = try Fixtures.own(name)
        for length in stride(from: 3, to: bytes.count, by: 7) { expect(.truncated, decoding: Array(bytes[..<length])) }
    }

    @Test(arguments: ["rgb8.png", "palette4.png", "gray16-interlaced.png", "animated.png"])
    func everyCutOfAPNGIsTruncated(_ name: String) throws {
        let bytes = try Fixtures.own(name)
        for length in stride(from: 8, to: bytes.count, by: 5) { expect(.truncated, decoding: Array(bytes[..<length])) }
    }

    @Test(arguments: ["lossy.webp", "lossless.webp", "lossy-alpha.webp"])
    func everyCutOfAWebPIsTruncated(_ name: String) throws {
        let bytes = try Fixtures.own(name)
        for length in stride(from: 12, to: bytes.count, by: 11) {
            expect(.truncated, decoding: Array(bytes[..<length]))
        }
    }

    @Test(arguments: ["420.jpg", "progressive.jpg", "rgb8.png", "gray16-interlaced.png", "lossy.webp", "lossless.webp"])
    func whatIsThereOfACutPictureCanBeHad(_ name: String) throws {
        let bytes = try Fixtures.own(name)
        var options = DecodingOptions()
        options.allowsTruncated = true
        let whole = try DecodedPicture(decoding: bytes, options: options)
        #expect(whole.notes.isEmpty)
        let cut = try DecodedPicture(decoding: Array(bytes[..<(bytes.count * 3 / 4)]), options: options)
        #expect(cut.picture.size == whole.picture.size)
        #expect(cut.notes == ["damaged: what could not be decoded is gray or black"])
    }

    @Test func aWrongChecksumIsCorrupt() throws {
        var bytes = try Fixtures.own("rgb8.png")
        bytes[bytes.count - 14] ^= 1  // IEND has 12 bytes; before it lies the checksum of IDAT.
        let error = expect(.corrupt, decoding: bytes)
        #expect(error?.message.contains("CRC") == true)
    }

    @Test func aWrongChecksumOfMetadataIsCorrupt() throws {
        var bytes = try Fixtures.own("orientation6.png")
        let place = try #require(bytes.firstRange(of: Array("eXIf".utf8))).upperBound
        bytes[place + 20] ^= 1
        expect(.corrupt, decoding: bytes)
    }

    @Test func bytesAfterTheLastRowDoNoHarm() throws {
        let bytes = try Fixtures.own("420.jpg")
        let padded = bytes.dropLast(2) + [1, 2, 3] + bytes.suffix(2)
        #expect(try Picture.decode(Array(padded)) == Picture.decode(bytes))
    }

    @Test func aMultiPictureJPEGIsToldFromItsFirst() throws {
        let bytes = try Fixtures.own("420.jpg")
        let mark: [UInt8] = [0xFF, 0xE2, 0, 8] + Array("MPF\0".utf8) + [0, 0]
        let decoded = try DecodedPicture(decoding: bytes[..<2] + mark + bytes[2...] + bytes)
        #expect(decoded.notes == ["a multi-picture JPEG: its first picture is used"])
        #expect(try decoded.picture == Picture.decode(bytes))
    }

    @Test func aHeaderThatLiesIsStoppedBeforeTheDecoder() throws {
        expect(.tooLarge, decoding: try png(width: 65_500, height: 65_500))
        expect(.tooLarge, decoding: try png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF))
        expect(.corrupt, decoding: try png(width: 0xFFFF_FFFF, height: 0xFFFF_FFFF))
        expect(.corrupt, decoding: try png(width: 1, height: 0x8000_0000))
        expect(.tooLarge, decoding: try jpeg(width: 65_500, height: 65_500))
        expect(.tooLarge, decoding: try jpeg(width: 65_535, height: 65_535))
        expect(.tooLarge, decoding: try webP(width: 16_383, height: 16_383))
        // Just above the limit, and just below.
        expect(.tooLarge, decoding: try png(width: 9_459, height: 9_460))
        #expect(try PictureHeader(of: png(width: 9_459, height: 9_459)).size == PixelSize(side: 9_459))
    }

    @Test func theLimitOfPixelsIsAParameter() throws {
        var options = DecodingOptions()
        options.maximumPixels = 19 * 11
        #expect(throws: Never.self) { try Picture.decode(Fixtures.own("rgb8.png"), options: options) }
        options.maximumPixels -= 1
        let error = expect(.tooLarge, decoding: try Fixtures.own("rgb8.png"), options: options)
        #expect(error?.message.contains("19×11 = 209 pixels, the limit is 208") == true)
    }

    @Test func extremeProportionsAreRefused() throws {
        expect(.aspect, decoding: try png(width: 1, height: 1_000_000))
        expect(.aspect, decoding: try png(width: 1001, height: 1))
        expect(.aspect, decoding: try jpeg(width: 2, height: 2002))
    }

    @Test func picturesWithoutPixelsAreCorrupt() throws {
        expect(.corrupt, decoding: try png(width: 0, height: 5))
        expect(.corrupt, decoding: try png(width: 5, height: 0))
        expect(.corrupt, decoding: try jpeg(width: 0, height: 5))
        expect(.corrupt, decoding: try jpeg(width: 5, height: 0))
        expect(.corrupt, decoding: try webP(width: 0, height: 5))
    }

    @Test func aPictureOfOnePixelIsAPicture() throws {
        let one = Picture(size: PixelSize(side: 1), bytes: [1, 2, 3])
        #expect(try Picture.decode(one.png()) == one)
    }

    @Test func scansAreCounted() throws {
        let few = JPEGBuilder.gray(scans: 64)
        #expect(try Picture.decode(few).bytes.allSatisfy { $0 == 128 })
        let error = expect(.scans, decoding: JPEGBuilder.gray(scans: 128))
        #expect(error?.message.contains("more than 100 scans") == true)
        var options = DecodingOptions()
        options.maximumScans = 63
        expect(.scans, decoding: few, options: options)
    }

    @Test func featuresThatTheLibraryLacksAreNamed() throws {
        let deep = expect(.unsupported, decoding: JPEGBuilder.gray(scans: 1, precision: 12))
        #expect(deep?.message.contains("precision 12") == true)
        let lossless = expect(.unsupported, decoding: JPEGBuilder.gray(scans: 1, process: 0xC3))
        #expect(lossless?.message.contains("SOF type 0xc3") == true)
        let pair = expect(.unsupported, decoding: JPEGBuilder.gray(scans: 1, components: 2))
        #expect(pair?.message.contains("2 color components") == true)
    }

    @Test(arguments: ["420.jpg", "progressive.jpg", "cmyk.jpg", "rgb8.png", "rgba16-interlaced.png", "lossy.webp"])
    func timeIsLimited(_ name: String) throws {
        var options = DecodingOptions()
        options.maximumSeconds = -1
        expect(.timeout, decoding: try Fixtures.own(name), options: options)
        options.allowsTruncated = true
        expect(.timeout, decoding: try Fixtures.own(name), options: options)
    }

    /// Every file of the fixtures with bytes changed at random: an answer or a picture, never a crash.
    @Test(arguments: FixtureIndex.all?.decoding ?? [])
    func changedBytesNeverCrash(_ file: FixtureIndex.File) throws {
        let bytes = try Fixtures.own(file.file)
        var random = SplitMix(state: 7)
        var options = DecodingOptions()
        options.maximumPixels = 1 << 20
        for round in 0..<60 {
            var changed = bytes
            for _ in 0...(round % 4) {
                changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            options.allowsTruncated = round % 2 == 0
            do {
                let picture = try Picture.decode(changed, options: options)
                #expect(picture.bytes.count == picture.size.area * 3)
            } catch {
                #expect(error.code.rawValue.hasPrefix("IMG_"))
            }
        }
    }
}

// What the cases are made of.
extension HostilePictureTests {
    /// Expects one kind of error, and that its message says what to do next.
    @discardableResult
    private func expect(
        _ code: ImageError.Code, decoding bytes: [UInt8], options: DecodingOptions = DecodingOptions(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ImageError? {
        do {
            let picture = try Picture.decode(bytes, options: options)
            Issue.record("decoded to \(picture.size) where \(code.rawValue) was due", sourceLocation: sourceLocation)
            return nil
        } catch {
            #expect(error.code == code, "\(error) (\(bytes.count) bytes)", sourceLocation: sourceLocation)
            #expect(error.message.contains("; "), sourceLocation: sourceLocation)
            return error
        }
    }

    private func png(width: UInt32, height: UInt32) throws -> [UInt8] {
        var bytes = try Fixtures.own("rgb8.png")
        for i in 0..<4 {
            bytes[16 + i] = UInt8(truncatingIfNeeded: width >> (24 - 8 * i))
            bytes[20 + i] = UInt8(truncatingIfNeeded: height >> (24 - 8 * i))
        }
        return bytes
    }

    private func jpeg(width: UInt16, height: UInt16) throws -> [UInt8] {
        var bytes = try Fixtures.own("420.jpg")
        let frame = try #require(bytes.firstRange(of: [0xFF, 0xC0])).lowerBound
        bytes.replaceSubrange(
            frame + 5..<frame + 9,
            with: [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)])
        return bytes
    }

    private func webP(width: UInt16, height: UInt16) throws -> [UInt8] {
        var bytes = try Fixtures.own("lossy.webp")
        bytes.replaceSubrange(
            26..<30, with: [UInt8(width & 255), UInt8(width >> 8), UInt8(height & 255), UInt8(height >> 8)])
        return bytes
    }
}

/// Progressive JPEGs by hand: one block, all coefficients zero, as many scans as wanted.
enum JPEGBuilder {
    static func gray(scans: Int, precision: UInt8 = 8, process: UInt8 = 0xC2, components: UInt8 = 1) -> [UInt8] {
        var bytes: [UInt8] = [0xFF, 0xD8]
        segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
        segment(process, [precision, 0, 8, 0, 8, components] + (1...components).flatMap { [$0, 0x11, 0] })
        // One code of one bit: no difference, or end of block.
        let code: [UInt8] = [1] + [UInt8](repeating: 0, count: 15) + [0]
        segment(0xC4, [0x00] + code)
        segment(0xC4, [0x10] + code)
        for scan in 0..<scans {
            // First every coefficient but for its last bit, then the last bits: 64 scans each.
            let (coefficient, isRefinement) = (UInt8(scan % 64), scan >= 64)
            let bits: UInt8 = isRefinement ? 0x10 : 0x01
            segment(0xDA, [components] + (1...components).flatMap { [$0, 0] } + [coefficient, coefficient, bits])
            bytes.append(0x7F)
        }
        return bytes + [0xFF, 0xD9]

        func segment(_ marker: UInt8, _ payload: [UInt8]) {
            let length = payload.count + 2
            bytes += [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + payload
        }
    }
}

/// Sebastiano Vigna's SplitMix64, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
