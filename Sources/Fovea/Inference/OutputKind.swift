package import VisionModels

/// What a session computes: `--kind`.
package enum OutputKind: Sendable, Hashable {
    /// Class scores `[B, classes]`.
    case logits
    /// Softmax of the scores, or their sigmoids for independent classes, `[B, classes]`.
    case probabilities
    /// What the classifier reads, `[B, D]`, or what the projection makes of it, `[B, E]`.
    case embedding
    /// What the tokens are pooled to, before any projection, `[B, D]`.
    case pooled
    /// The last hidden state, `[B, T, D]`.
    case tokens
    /// The residual stream after blocks 1 to depth, or before the first as 0: `[B, T, D]`, or `[L, B, T, D]` for several.
    case layers([Int])
    /// Weights of attention, `[B, R, Q, T]`, or `[L, B, R, Q, T]` for several layers.
    case attention(AttentionChoice)

    /// Reads `logits`, `probabilities`, `embedding`, `pooled`, `tokens`, `layer:N[,M…]`, or `attention:N[,M…]` and
    /// `attention:pool`, both with heads behind a second colon: `all`, `mean` or `H[,H…]`; nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "logits": self = .logits
        case "probabilities": self = .probabilities
        case "embedding": self = .embedding
        case "pooled": self = .pooled
        case "tokens": self = .tokens
        default:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            switch (parts[0], parts.count) {
            case ("layer", 2):
                guard let layers = Self.numbers(parts[1]) else { return nil }
                self = .layers(layers)
            case ("attention", 2...3):
                guard let layers = AttentionChoice.Layers(parts[1]),
                    let heads = parts.count == 2 ? .all : AttentionChoice.Heads(parts[2])
                else { return nil }
                self = .attention(AttentionChoice(layers, heads: heads))
            default: return nil
            }
        }
    }

    /// Numbers from 0, separated by commas; nil for anything else.
    fileprivate static func numbers(_ text: Substring) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap { $0 }
        return numbers.count == parts.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }
}

extension AttentionChoice.Layers {
    /// Reads `pool` or `N[,M…]`; nil for anything else.
    package init?(_ text: Substring) {
        if text == "pool" {
            self = .pool
        } else {
            guard let blocks = OutputKind.numbers(text) else { return nil }
            self = .blocks(blocks)
        }
    }
}

extension AttentionChoice.Heads {
    /// Reads `all`, `mean` or `H[,H…]`; nil for anything else.
    package init?(_ text: Substring) {
        switch text {
        case "all": self = .all
        case "mean": self = .mean
        default:
            guard let heads = OutputKind.numbers(text) else { return nil }
            self = .some(heads)
        }
    }
}

extension OutputKind {
    /// How many layers lie one after the other in the output; nil where there is no such axis.
    package var stackedLayerCount: Int? {
        switch self {
        case .layers(let layers): layers.count > 1 ? layers.count : nil
        case .attention(let choice):
            if case .blocks(let blocks) = choice.layers, blocks.count > 1 { blocks.count } else { nil }
        default: nil
        }
    }
}

extension OutputKind {
    /// Throws `FoveaError` of category `usage` where a model has no such output.
    package func check(against configuration: VisionTransformerConfiguration) throws(FoveaError) {
        switch self {
        case .logits where configuration.classes == nil, .probabilities where configuration.classes == nil:
            throw FoveaError(
                .usage, code: "NO_HEAD",
                "\(configuration.architecture) has no classification head here; ask for embedding or tokens")
        case .layers(let layers): try Self.check(layers, 0...configuration.depth, configuration)
        case .attention(let choice):
            guard case .blocks(let blocks) = choice.layers else { break }
            try Self.check(blocks, 1...max(configuration.depth, 1), configuration)
        default: break
        }
    }

    /// Throws where one of the layers lies outside the range of those that there are.
    private static func check(
        _ layers: [Int], _ range: ClosedRange<Int>, _ configuration: VisionTransformerConfiguration
    ) throws(FoveaError) {
        guard let wrong = layers.first(where: { !range.contains($0) }) else { return }
        throw FoveaError(
            .usage, code: "NO_LAYER",
            "there is no layer \(wrong): \(configuration.architecture) has layers \(range.lowerBound) to "
                + "\(range.upperBound)")
    }
}
