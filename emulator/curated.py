"""Environments that nobody has to make: those of every new workspace, and those of the registry "azureml"."""

from __future__ import annotations

from typing import Any

IN_WORKSPACE = (
    ("AzureML-ACPT-pytorch-1.13-py38-cuda11.7-gpu", "10"),
    ("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "33"),
    ("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "35"),
    ("AzureML-tensorflow-2.12-cuda11", "8"),
    ("AzureML-minimal-ubuntu20.04-py38-cpu-inference", "26"),
)
"""Name and version, the latest last."""

IN_REGISTRY = (
    ("acpt-pytorch-2.2-cuda12.1", "20"),
    ("sklearn-1.5", "25"),
    ("tensorflow-2.16-cuda12", "15"),
)
"""Name and latest version; those before it are there, too."""


def environment(name: str, version: str) -> dict[str, Any]:
    """The properties of such an environment."""
    image = name.removeprefix("AzureML-").lower()
    return {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "isAnonymous": False,
        "environmentType": "Curated",
        "image": f"mcr.microsoft.com/azureml/curated/{image}:{version}",
        "osType": "Linux",
        "provisioningState": "Succeeded",
    }
