// patch embedding — token K + n is patch n · Wᵀ + b + position n; tokens before K are the prefix.
//                                                                             Dosovitskiy et al., arXiv:2010.11929

/// A patch embedding with its projection transposed.
public struct ReferencePatchEmbedding: Sendable {
    let parameters: PatchEmbeddingParameters
    let weight: TransposedWeight
}

extension ReferenceBackend {
    /// Transposes the projection.
    public func prepare(_ parameters: PatchEmbeddingParameters) -> ReferencePatchEmbedding {
        ReferencePatchEmbedding(parameters: parameters, weight: TransposedWeight(parameters.weight))
    }

    /// Pictures to tokens `[B, K + N, D]`.
    public func embed(_ pixels: Pixels<HostTensor>, _ embedding: ReferencePatchEmbedding) -> HostTensor {
        let (parameters, grid) = (embedding.parameters, PatchGrid(pixels, side: embedding.parameters.patchSide))
        parameters.check(grid)
        let (prefix, width) = (parameters.prefixCount, parameters.width)
        let tokens = prefix + grid.count
        return HostTensor([grid.batch, tokens, width]) { y in
            for image in 0..<grid.batch {
                for i in 0..<prefix * width { y.base[image * tokens * width + i] = parameters.prefix.values[i] }
            }
            embedding.weight.forEachProduct(rows: grid.batch * grid.count) { row, input in
                grid.gather(patch: row, of: pixels, into: input)
            } emit: { row, product in
                let (image, patch) = (row / grid.count, row % grid.count)
                let output = y.base + (image * tokens + prefix + patch) * width
                for d in 0..<width {
                    let position = parameters.positions.map { Double($0.values[patch * width + d]) } ?? 0
                    output[d] = Float(product[d] + Double(parameters.bias?[d] ?? 0) + position)
                }
            }
        }
    }
}

extension PatchGrid {
    fileprivate init(_ pixels: Pixels<HostTensor>, side: Int) {
        switch pixels {
        case .normalized(let x): self.init(batch: x.shape[0], height: x.shape[2], width: x.shape[3], side: side)
        case .rgb(let x, _): self.init(batch: x.shape[0], height: x.shape[1], width: x.shape[2], side: side)
        }
    }

    /// Writes one patch, ordered channel, row, column, normalized.
    fileprivate func gather(patch: Int, of pixels: Pixels<HostTensor>, into output: UnsafeMutablePointer<Double>) {
        let (image, n) = (patch / count, patch % count)
        let (top, left) = (n / columns * side, n % columns * side)
        let (height, width) = (rows * side, columns * side)
        var i = 0
        for channel in 0..<3 {
            for y in top..<top + side {
                for x in left..<left + side {
                    switch pixels {
                    case .normalized(let values):
                        output[i] = Double(values.values[((image * 3 + channel) * height + y) * width + x])
                    case .rgb(let bytes, let normalization):
                        let value = Double(bytes.values[((image * height + y) * width + x) * 3 + channel]) / 255
                        output[i] =
                            (value - Double(normalization.mean[channel])) / Double(normalization.deviation[channel])
                    }
                    i += 1
                }
            }
        }
    }
}
