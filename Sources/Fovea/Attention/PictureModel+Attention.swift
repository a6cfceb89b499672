package import Imaging

extension PictureModel {
    /// Maps of attention to the patches of one picture, a row of heads for each layer.
    ///
    /// Throws `FoveaError`: `input` where the recipe has made the picture another size than the model reads, `usage` where
    /// the model has no such map.
    package func attentionMaps(
        of picture: Picture, name: String, _ view: AttentionView
    ) throws(FoveaError) -> [[HeatMap]] {
        let picture = try fit(picture, name: name).get()
        return try session.attentionMaps(.pictures(PictureReader.batch([picture]), reader.normalization), view)
    }
}
