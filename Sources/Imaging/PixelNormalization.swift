/// From bytes to the numbers that a model reads: `(byte · scale − mean) / deviation`, channel by channel.
package struct PixelNormalization: Hashable, Sendable {
    /// Red, green and blue mean, in the range after scaling.
    package let mean: [Double]
    /// Red, green and blue standard deviation, in the range after scaling; none is 0.
    package let deviation: [Double]
    /// What a byte is multiplied by first: 1/255 but for few models.
    package let scale: Double

    /// Makes a normalization from three means and three deviations.
    /// - Throws: `CFG_NORM` where there are not three of each, one is not finite, or a deviation or the scale is 0.
    package init(mean: [Double], deviation: [Double], scale: Double = 1.0 / 255) throws(PreprocessingError) {
        guard mean.count == 3, deviation.count == 3 else {
            throw .normalization("has \(mean.count) means and \(deviation.count) deviations, 3 of each are needed")
        }
        guard mean.allSatisfy(\.isFinite), deviation.allSatisfy({ $0.isFinite && $0 != 0 }) else {
            throw .normalization("mean \(mean), deviation \(deviation): all must be finite and no deviation 0")
        }
        guard scale.isFinite, scale != 0 else {
            throw .normalization("the rescale factor is \(scale), it must be finite and not 0")
        }
        self.init(valid: mean, deviation, scale: scale)
    }

    private init(valid mean: [Double], _ deviation: [Double], scale: Double = 1.0 / 255) {
        self.mean = mean
        self.deviation = deviation
        self.scale = scale
    }

    /// Bytes to 0...1 and no further.
    package static let unit = PixelNormalization(valid: [0, 0, 0], [1, 1, 1])
    /// The mean and deviation of ImageNet, timm's `IMAGENET_DEFAULT`.
    package static let imageNet = PixelNormalization(valid: [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    /// Bytes to -1...1, timm's `IMAGENET_INCEPTION`, transformers' `IMAGENET_STANDARD`.
    package static let half = PixelNormalization(valid: [0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    /// The mean and deviation of OpenAI's CLIP.
    package static let clip = PixelNormalization(
        valid: [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])

    /// The mean for a device that scales every byte by 1/255, whatever `scale` is.
    package var unitMean: [Double] { mean.map { $0 / (255 * scale) } }
    /// The deviation for a device that scales every byte by 1/255, whatever `scale` is.
    package var unitDeviation: [Double] { deviation.map { $0 / (255 * scale) } }

    /// A picture as a float32 tensor `[3, height, width]`, with the roundings of torch: scale, subtract, divide.
    package func tensor(of picture: Picture) -> [Float] {
        let area = picture.size.area
        var tensor = [Float](repeating: 0, count: 3 * area)
        for channel in 0..<3 {
            let table = values(channel: channel)
            for pixel in 0..<area { tensor[channel * area + pixel] = table[Int(picture.bytes[3 * pixel + channel])] }
        }
        return tensor
    }

    /// What each of the 256 bytes becomes in one channel (0 red, 1 green, 2 blue).
    package func values(channel: Int) -> [Float] {
        (0..<256).map { (Float(Double($0) * scale) - Float(mean[channel])) / Float(deviation[channel]) }
    }
}

extension PreprocessingError {
    fileprivate static func normalization(_ finding: String) -> PreprocessingError {
        PreprocessingError(code: .normalization, message: "\(finding); correct the configuration")
    }
}
