"""One YAML file, a distributed training job: checked, planned, applied and followed."""

try:
    from specrun._version import __version__ as __version__  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ModuleNotFoundError:  # a clone that nobody has installed
    __version__ = "0.dev0"
