"""ONNX Runtime, CPU provider, all graph optimisations.

Threads spin inside a pass, as they do by default (a pass is faster for it), and `force_spinning_stop` ends that with
the pass, so that an idle session leaves the cores to the others. The memory arena stays on (default).

int8 is the dynamic quantisation that its documentation gives for transformers: int8 weights per output channel,
uint8 activations measured anew in each pass. Without VNNI instructions, weights take 7 bits (`reduce_range`), as the
documentation asks: the AVX2 kernel would saturate otherwise.
"""

from __future__ import annotations

from pathlib import Path

from engines import Forward, Job
from machine import has_vnni
from models import export_onnx

VARIANTS = {"onnxruntime-float32": "ONNX Runtime float32", "onnxruntime-int8": "ONNX Runtime int8 (dynamic)"}


def environment(job: Job) -> dict[str, str]:
    return {}


def graph(job: Job) -> Path:
    plain = job.model.onnx(job.batch)
    return plain if job.variant == "onnxruntime-float32" else plain.with_suffix(".int8.onnx")


def prepare(job: Job) -> None:
    export_onnx(job.model, job.batch)
    if graph(job).exists():
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    inferred = graph(job).with_suffix(".inferred")
    quant_pre_process(job.model.onnx(job.batch), inferred)
    quantize_dynamic(
        inferred, graph(job), weight_type=QuantType.QInt8, per_channel=True, reduce_range=not has_vnni(),
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    inferred.unlink()


def load(job: Job) -> Forward:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(graph(job), options, providers=["CPUExecutionProvider"])
    return lambda pictures: session.run(None, {"pixels": pictures})[0]


def version() -> str:
    import onnxruntime

    return onnxruntime.__version__
