"""What pip lists and conda files stand on when a spec names no image; pinned, so that a run can be repeated."""

from __future__ import annotations

CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:20251130.v1"


def base_image(gpu: bool) -> str:
    """The image for a job that names none, on machines that have GPUs or not."""
    return GPU_IMAGE if gpu else CPU_IMAGE
