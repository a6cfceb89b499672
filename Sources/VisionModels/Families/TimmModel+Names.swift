import Checkpoints

extension TimmModel {
    /// The names of all parameters: what the first block has, every block must have.
    func names(_ configuration: VisionTransformerConfiguration) throws(CheckpointError) -> TensorNames {
        let isEva = modelClass == .eva
        let wantsPositions =
            switch modelClass {
            case .visionTransformer, .distilled: !["", "none"].contains(try arguments.string("pos_embed") ?? "learn")
            case .eva, .beit: try arguments.bool("use_abs_pos_emb") ?? true
            }
        let wantsPreNorm = try arguments.bool(isEva ? "use_pre_transformer_norm" : "pre_norm") ?? false
        var names = TensorNames(
            prefix: shapes.prefix, patchProjection: "patch_embed.proj", blocks: "blocks",
            block: try block(configuration),
            norm: configuration.normPlacement == .afterPooling ? "fc_norm" : "norm",
            heads: configuration.readout == .distilled ? ["head", "head_dist"] : ["head"])
        names.positions = wantsPositions ? "pos_embed" : nil
        if architecture.isRegistered {
            let coversPatchesAlone = try arguments.bool("no_embed_class") ?? false
            names.positionPrefixCount = coversPatchesAlone ? 0 : configuration.prefixCount
        }
        if shapes.prefix.contains(where: { $0.name == "register_tokens" }) { names.positionPrefixCount = 1 }
        // What FAIR's, Microsoft's and pretraining files carry besides.
        names.ignored = [
            "mask_token", "decoder*", "*relative_position_index", "*rope_embed.periods", "local_cls_norm.*",
        ]
        names.patchNorm = checkpoint.contains("patch_embed.norm.weight") ? "patch_embed.norm" : nil
        names.preNorm = wantsPreNorm || checkpoint.contains("norm_pre.weight") ? "norm_pre" : nil
        names.rotaryFrequencies = configuration.rotary?.frequencies == .learned ? "rope.freqs" : nil
        let sharedTable = "rel_pos_bias.relative_position_bias_table"
        names.sharedBiasTable = checkpoint.contains(sharedTable) ? sharedTable : nil
        if case .attentionPooled = configuration.readout { names.pool = pool(width: configuration.width) }
        return names
    }

    private func pool(width: Int) -> AttentionPoolNames {
        var (key, value) = ("attn_pool.kv" as LinearNames, "attn_pool.kv" as LinearNames)
        key.rows = LinearNames.Part(range: 0..<width, total: 2 * width)
        value.rows = LinearNames.Part(range: width..<2 * width, total: 2 * width)
        return AttentionPoolNames(
            latent: "attn_pool.latent", query: "attn_pool.q", key: key, value: value, projection: "attn_pool.proj",
            mlp: ("attn_pool.norm", "attn_pool.mlp.fc1", "attn_pool.mlp.fc2"))
    }

    private func has(_ name: String) -> Bool { checkpoint.contains("blocks.0." + name) }

    private func block(_ configuration: VisionTransformerConfiguration) throws(CheckpointError) -> BlockNames {
        switch try arguments.string("block_fn") ?? "Block" {
        case "Block": break
        case "ResPostBlock": return sequential(isPostNorm: true)
        case "ParallelThingsBlock":
            let count = Weights(checkpoint)["blocks"][0]["attns"].layerCount
            guard count > 0 else {
                throw CheckpointError(
                    .modelMissing, file: checkpoint.file, tensor: "blocks.0.attns.0.attn.qkv.weight",
                    "is not in the checkpoint, though '\(architecture.name)' has attentions side by side",
                    next: "name the architecture of this very file")
            }
            return BlockNames(
                attention: (0..<count).map { attention("attns.\($0).", norm: "attns.\($0).norm", scale: "ls.gamma") },
                mlp: (0..<count).map { mlp("ffns.\($0).", norm: "ffns.\($0).norm", scale: "ls.gamma") })
        case "ParallelScalingBlock", "DiffParallelScalingBlock": return parallel(configuration)
        default:
            throw arguments.rejecting(
                "block_fn", code: .configurationArchitecture, expected: "one of the blocks of a registered architecture"
            )
        }
        let usesPostNorm = try arguments.bool("use_post_norm") ?? false
        return sequential(isPostNorm: modelClass == .eva && usesPostNorm)
    }

    private func sequential(isPostNorm: Bool) -> BlockNames {
        let scales = has("gamma_1") ? ("gamma_1", "gamma_2") : ("ls1.gamma", "ls2.gamma")
        var (attention, mlp) = (
            attention("", norm: "norm1", scale: scales.0), mlp("", norm: "norm2", scale: scales.1)
        )
        (attention.isPostNorm, mlp.isPostNorm) = (isPostNorm, isPostNorm)
        return BlockNames(attention: [attention], mlp: [mlp])
    }

    private func attention(_ path: String, norm: String, scale: String) -> AttentionNames {
        let base = path + "attn."
        let queryKeyValue: AttentionNames.QueryKeyValue =
            if has(base + "q_bias") || !has(base + "q_proj.weight") && modelClass == .beit {
                .fusedWithBiases(weight: base + "qkv.weight", query: base + "q_bias", value: base + "v_bias")
            } else if has(base + "q_proj.weight") {
                .split(
                    query: LinearNames(base + "q_proj"), key: LinearNames(base + "k_proj"),
                    value: LinearNames(base + "v_proj"))
            } else {
                .fused(fused(base + "qkv"))
            }
        var names = AttentionNames(norm: norm, queryKeyValue: queryKeyValue, projection: LinearNames(base + "proj"))
        if has(base + "q_norm.weight") { names.headNorms = (base + "q_norm", base + "k_norm") }
        if has(base + "lambda_q1") { names.differential = String(base.dropLast()) }
        if has(base + "norm.weight") { names.innerNorm = base + "norm" }
        if has(path + scale) { names.layerScale = path + scale }
        let table = base + "relative_position_bias_table"
        if has(table) { names.biasTable = table }
        return names
    }

    /// Query, key and value of one layer, without a bias of the key where the file masks it.
    private func fused(_ name: String) -> LinearNames {
        var names = LinearNames(name)
        if has(name + ".bias_mask") { names.biasMask = name + ".bias_mask" }
        return names
    }

    private func mlp(_ path: String, norm: String, scale: String) -> MLPNames {
        let base = path + "mlp."
        let expand: MLPNames.Expansion =
            if has(base + "w12.weight") {
                .packedGate(LinearNames(base + "w12"))
            } else if has(base + "w1.weight") {
                .splitGate(gate: LinearNames(base + "w1"), value: LinearNames(base + "w2"))
            } else if has(base + "fc1_g.weight") {
                .splitGate(gate: LinearNames(base + "fc1_g"), value: LinearNames(base + "fc1_x"))
            } else if shapes.isGated {
                .packedGate(LinearNames(base + "fc1"))
            } else {
                .plain(LinearNames(base + "fc1"))
            }
        var names = MLPNames(
            norm: norm, expand: expand, contract: LinearNames(base + (has(base + "w3.weight") ? "w3" : "fc2")))
        if has(base + "norm.weight") { names.innerNorm = base + "norm" }
        if has(path + scale) { names.layerScale = path + scale }
        return names
    }

    /// One product for the MLP and query, key and value, in this order; the way out may be one product too.
    private func parallel(_ configuration: VisionTransformerConfiguration) -> BlockNames {
        let (width, hidden) = (configuration.width, configuration.hiddenWidth)
        var (expand, queryKeyValue) = ("in_proj" as LinearNames, "in_proj" as LinearNames)
        let rows = hidden + 3 * width
        expand.rows = LinearNames.Part(range: 0..<hidden, total: rows)
        queryKeyValue.rows = LinearNames.Part(range: hidden..<rows, total: rows)
        expand.ownBias = "mlp_bias"
        var (projection, contract) = ("attn_out_proj" as LinearNames, "mlp_out_proj" as LinearNames)
        if has("out_proj.weight") {
            (projection, contract) = ("out_proj", "out_proj")
            projection.columns = LinearNames.Part(range: 0..<width, total: width + hidden)
            contract.columns = LinearNames.Part(range: width..<width + hidden, total: width + hidden)
            contract.bias = nil
        }
        let scale = has("ls.gamma") ? "ls.gamma" : nil
        var attention = AttentionNames(norm: "in_norm", queryKeyValue: .fused(queryKeyValue), projection: projection)
        if has("q_norm.weight") { attention.headNorms = ("q_norm", "k_norm") }
        if has("lambda_q1") { attention.differential = "" }
        attention.layerScale = scale
        let mlp = MLPNames(norm: "in_norm", expand: .plain(expand), contract: contract, layerScale: scale)
        return BlockNames(attention: [attention], mlp: [mlp], isParallel: true)
    }
}
