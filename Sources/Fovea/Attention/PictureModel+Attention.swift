package import Imaging

extension PictureModel {
    /// Maps of attention to the patches of one picture, a row of heads for each layer.
    ///
    /// Throws `FoveaError`: `input` where the recipe has made the picture another size than the model reads, `usage` where
    /// the model has no such map.
    package func attentionMaps(
        of picture: Picture, name: String, _ view: AttentionView
    ) async throws(FoveaError) -> [[HeatMap]] {
        let picture = try fit(picture, name: name).get()
        let input = ModelInput.pictures(PictureReader.batch([picture]), reader.normalization)
        return try await sessions.withSession { session throws(FoveaError) in try session.attentionMaps(input, view) }
    }
}
