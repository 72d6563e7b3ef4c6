"""One YAML file, a distributed training job: checked, planned, applied and followed."""

__version__ = "0.1.0"
