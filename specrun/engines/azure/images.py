"""What a job's processes run in where the spec does not say it: the same on both Azure engines."""

from __future__ import annotations

from specrun.spec.model import Spec
from specrun.spec.sizes import has_gpu

CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:20251130.v1"
"""What pip lists and conda files stand on when the spec names no image; pinned, so that a run can be repeated."""

PYTHON = "3.10"
"""The Python of a pip list, and of a job without an environment."""


def base_image(spec: Spec) -> str:
    """The image for a spec that names none."""
    return GPU_IMAGE if wants_gpu(spec) else CPU_IMAGE


def wants_gpu(spec: Spec) -> bool:
    """Whether the job gets an image with CUDA: as `resources.gpu` says, else as the size of its machines does."""
    assert spec.job is not None
    if spec.job.resources.gpu is not None:
        return spec.job.resources.gpu
    if isinstance(spec.compute, str):
        return False
    size = spec.job.resources.instance_type if spec.compute is None else spec.compute.get("size")
    return bool(has_gpu(str(size))) if size is not None else False
