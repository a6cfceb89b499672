import Fovea

extension PictureModel {
    /// The numbers that the model gives for each picture, or why it gives none, in order.
    ///
    /// Throws where the device fails.
    func outputs(
        _ kind: OutputKind, for pictures: [FedPicture]
    ) async throws(FoveaError) -> [Result<ArraySlice<Float>, FoveaError>] {
        try await outputs(
            kind,
            for: PictureBatch(pictures.map { ($0.name, $0.result.map(\.picture).mapError { FoveaError($0) }) }))
    }
}
