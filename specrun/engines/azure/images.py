"""What a job's processes run in where the spec does not say it: the same on both Azure engines."""

from __future__ import annotations

from specrun.spec.base_images import CPU_IMAGE, GPU_IMAGE, base_image

__all__ = ["CPU_IMAGE", "GPU_IMAGE", "PYTHON", "base_image"]

PYTHON = "3.10"
"""The Python of a pip list, and of a job without an environment."""
