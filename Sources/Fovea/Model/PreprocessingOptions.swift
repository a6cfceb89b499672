package import Imaging
package import VisionModels

/// What a user says about preprocessing in place of the model's own configuration; nil leaves it as it is.
package struct PreprocessingOptions: Sendable, Hashable {
    /// How the proportions are treated.
    package var mode: ResizeMode?
    /// What share of the resized picture is kept, above 0 and at most 1.
    package var cropFraction: Double?
    /// The filter.
    package var interpolation: Resampling?
    /// Mean of red, green and blue, of pixels scaled to 0…1.
    package var mean: [Double]?
    /// Standard deviation of red, green and blue.
    package var deviation: [Double]?
    /// Rows and columns that the model sees.
    package var inputSize: InputSize?

    /// Says nothing.
    package init() {}
}
