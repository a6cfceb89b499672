import Imaging
import Testing

/// What is written can be read again, without loss.
@Suite struct PNGEncodingTests {
    @Test func aPictureSurvives() throws {
        let picture = try Picture.decode(Fixtures.own("420.jpg"))
        let png = try picture.png()
        #expect(PictureFormat(signatureOf: png) == .png)
        #expect(try Picture.decode(png) == picture)
    }

    @Test func alphaIsKeptInTheFile() throws {
        let size = PixelSize(width: 2, height: 1)
        let png = try PNGEncoding.encode(pixels: [1, 2, 3, 0, 4, 5, 6, 255], size: size, channels: 4)
        #expect(png[25] == 6, "color type RGB with alpha")
        #expect(try Picture.decode(png) == Picture(size: size, bytes: [1, 2, 3, 4, 5, 6]))
    }

    @Test func librariesTellTheirVersions() {
        #expect(ImagingLibraries.versions.contains("libjpeg-turbo "))
        #expect(ImagingLibraries.versions.contains("libpng 1."))
        #expect(ImagingLibraries.versions.contains("libwebp 1."))
    }
}
