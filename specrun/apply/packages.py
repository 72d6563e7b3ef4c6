"""Which package has a module or a program, where pip knows it by another name."""

from __future__ import annotations

from collections.abc import Mapping

_ALIKE = """
numpy pandas scipy matplotlib seaborn requests tqdm click rich pydantic six torch torchvision torchaudio tensorflow
keras jax flax optax lightning timm pytorch_lightning torchmetrics tensorboard tensorboardX transformers datasets
accelerate tokenizers evaluate peft diffusers deepspeed horovod xgboost lightgbm catboost mlflow wandb optuna ray h5py
pyarrow fsspec adlfs joblib numba einops omegaconf gym gymnasium nltk spacy polars plotly psutil openai albumentations
SimpleITK
"""

_MODULES: Mapping[str, str] = {
    "attr": "attrs",
    "azure.ai.ml": "azure-ai-ml",
    "azure.identity": "azure-identity",
    "azure.storage.blob": "azure-storage-blob",
    "azureml.core": "azureml-core",
    "azureml.mlflow": "azureml-mlflow",
    "Bio": "biopython",
    "bs4": "beautifulsoup4",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "distutils": "setuptools",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "hydra": "hydra-core",
    "jwt": "PyJWT",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "ruamel.yaml": "ruamel.yaml",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "tensorflow_addons": "tensorflow-addons",
    "umap": "umap-learn",
    "yaml": "PyYAML",
    **{name: name for name in _ALIKE.split()},
}
"""Packages on the index by the modules that they have, as far as that is certain."""

PROGRAMS: Mapping[str, str] = {
    "torchrun": "torch",
    "horovodrun": "horovod",
    **{
        name: name
        for name in ("accelerate", "deepspeed", "tensorboard", "mlflow", "wandb", "dvc", "papermill", "pytest", "ray")
    },
}
"""The packages that bring a program along."""


def package_of(module: str) -> str:
    """The package that has a module which was not found; "" where that is not certain.

    Of `a.b` Python has found `a`: only where many packages share that is it a package that is missing.
    """
    return _MODULES.get(module, "")
