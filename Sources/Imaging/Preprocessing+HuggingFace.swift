/// `size` of a `preprocessor_config.json`.
package enum HuggingFaceSize: Hashable, Sendable {
    /// `{"height": h, "width": w}`
    case exactly(PixelSize)
    /// `{"shortest_edge": s}`
    case shortestEdge(Int)
    /// `{"shortest_edge": s, "longest_edge": l}`
    case shortestEdgeLimited(Int, longestEdge: Int)
}

extension Preprocessing {
    /// The recipe of transformers' image processors with the Pillow backend (ViT, DeiT, BiT for DINOv2, CLIP, SigLIP).
    ///
    /// transformers' torchvision backend resizes with other arithmetic and differs by a few units.
    /// - Parameters:
    ///   - size: `size`; nil where `do_resize` is false.
    ///   - resample: the filter that the integer `resample` names.
    ///   - cropSize: `crop_size`; nil where `do_center_crop` is false or absent.
    ///   - normalization: `image_mean`, `image_std` and `rescale_factor`.
    ///   - origin: where the values come from, such as "preprocessor_config.json".
    /// - Throws: `CFG_LIMIT` where a side is out of range.
    package static func huggingFace(
        size: HuggingFaceSize?, resample: Resampling, cropSize: PixelSize?, normalization: PixelNormalization,
        origin: String = "preprocessor_config.json"
    ) throws(PreprocessingError) -> Preprocessing {
        var steps: [Step] = []
        let filter = "resample \(resample.pillowCode)"
        switch size {
        case .exactly(let size):
            try check(size: size, "size")
            steps.append(Step(.resize(.exactly(size), resample), source: "\(origin): size \(size), \(filter)"))
        case .shortestEdge(let edge):
            try check(side: edge, "shortest_edge")
            steps.append(
                Step(.resize(.shortestSide(edge), resample), source: "\(origin): shortest_edge \(edge), \(filter)"))
        case .shortestEdgeLimited(let shortest, let longest):
            try check(side: shortest, "shortest_edge")
            try check(side: longest, "longest_edge")
            steps.append(
                Step(
                    .resize(.shortestSideLimited(shortest, limit: longest), resample),
                    source: "\(origin): shortest_edge \(shortest), longest_edge \(longest), \(filter)"))
        case nil: break
        }
        if let cropSize {
            try check(size: cropSize, "crop_size")
            steps.append(
                Step(.centerCrop(cropSize, .huggingFace, fill: .black), source: "\(origin): crop_size \(cropSize)"))
        }
        return Preprocessing(steps: steps, normalization: normalization)
    }
}
