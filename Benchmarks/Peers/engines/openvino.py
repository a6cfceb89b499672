"""OpenVINO, CPU plugin, one stream and the latency hint: all threads work on one request.

The graph comes from the ONNX file, converted beforehand to OpenVINO's own format, which starts faster. What its PyTorch
converter makes of timm's module was no faster: 0.97 to 1.10 times the time, by medians and best, on a Zen 3.
`default` leaves the precision to the plugin: bfloat16 on processors that have its instructions, float32 elsewhere.
int8 is NNCF's post-training quantisation with the transformer preset, calibrated on the pictures that are run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines import Forward, Job
from models import export_onnx

VARIANTS = {
    "openvino-float32": "OpenVINO float32",
    "openvino-default": "OpenVINO default precision",
    "openvino-int8": "OpenVINO int8 (NNCF)",
}


def environment(job: Job) -> dict[str, str]:
    return {}


def graph(job: Job) -> Path:
    kind = "int8" if job.variant == "openvino-int8" else "float32"
    return job.model.folder / f"openvino-{kind}-batch{job.batch}.xml"


def prepare(job: Job) -> None:
    if graph(job).exists():
        return
    import openvino

    export_onnx(job.model, job.batch)
    pictures = job.pictures
    converted = openvino.convert_model(job.model.onnx(job.batch))
    if job.variant == "openvino-int8":
        import nncf

        converted = nncf.quantize(
            converted, nncf.Dataset([pictures]), model_type=nncf.ModelType.TRANSFORMER, subset_size=1)
    openvino.save_model(converted, graph(job), compress_to_fp16=False)


def load(job: Job) -> Forward:
    import openvino

    settings: dict[str, object] = {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": job.threads,
    }
    if job.variant == "openvino-float32":
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    request = openvino.Core().compile_model(graph(job), "CPU", settings).create_infer_request()

    def forward(pictures: np.ndarray) -> np.ndarray:
        return request.infer({0: pictures}, share_inputs=True)[0]

    return forward


def version() -> str:
    import openvino

    return openvino.__version__.split("-")[0]
