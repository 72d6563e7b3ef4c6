"""The packages of a run: conda files, lists of packages, and what the images of SDK v1's estimators had."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from specrun.convert import coerce
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, Section
from specrun.convert.sources import Refused, read_text, read_yaml
from specrun.convert.unknown import Missing, is_open
from specrun.engines.azure.images import PYTHON
from specrun.spec.names import foreign_value

OLD_PYTHON = "3.6"
"""The Python of all the estimators' images."""

_IMAGES = """
TensorFlow 1.10 0.15.2 tensorflow==1.10.0
TensorFlow 1.12 0.15.2 tensorflow==1.12.0
TensorFlow 1.13 0.16.1 tensorflow==1.13.1
TensorFlow 2.0 0.18.1 tensorflow==2.0.0
TensorFlow 2.1 0.19.1 tensorflow==2.1.0
TensorFlow 2.2 0.19.5 tensorflow==2.2.0
TensorFlow 2.3 0.20.0 tensorflow==2.3.0 cmake==3.18.2
PyTorch 1.0 0.18.1 torch==1.0 torchvision==0.4.1
PyTorch 1.1 0.18.1 torch==1.1 torchvision==0.4.1 tensorboard==1.14.0 future==0.17.1
PyTorch 1.2 0.18.1 torch==1.2 torchvision==0.4.1 tensorboard==1.14.0 future==0.17.1
PyTorch 1.3 0.18.1 torch==1.3.1 torchvision==0.4.1 tensorboard==1.14.0 future==0.17.1
PyTorch 1.4 0.18.1 torch==1.4.0 torchvision==0.5.0 tensorboard==1.14.0 future==0.17.1
PyTorch 1.5 0.19.1 torch==1.5.0 torchvision==0.5.0 tensorboard==1.14.0 future==0.17.1
PyTorch 1.6 0.19.5 torch==1.6.0 torchvision==0.5.0 tensorboard==1.14.0 future==0.17.1
Chainer 5.1.0 - chainer==5.1.0 mpi4py==3.0.0
Chainer 7.0.0 - chainer==7.0.0 mpi4py==3.0.0
SKLearn 0.20.3 - scikit-learn==0.20.3 scipy==1.2.1 joblib==0.13.2
"""
"""Estimator, version, version of Horovod, and what pip installed in its image, as azureml-train-core 1.62 has it."""

_NAMES = {"TensorFlow": "tensorflow", "PyTorch": "torch", "Chainer": "chainer", "SKLearn": "scikit-learn"}
DEFAULTS = {"TensorFlow": "1.13", "PyTorch": "1.4", "Chainer": "5.1.0", "SKLearn": "0.20.3"}
"""The versions that the estimators took where nothing was said."""

_OF_FILES = re.compile(r"(?m)^\s*-\s+[\"']?(-r|-c|-e|--\w+|\.{0,2}/|file:)")
"""What names files in a conda file, which then cannot stand in another folder."""


@dataclass(slots=True)
class Packages:
    """What an environment's Python has, gathered from all the ways in which SDK v1 says it, and where it stands.

    `conda_file` is a path, or the content of one.
    """

    pip: list[object] = field(default_factory=list)
    conda: list[object] = field(default_factory=list)
    channels: list[object] = field(default_factory=list)
    python: str = ""
    conda_file: object = None
    origins: list[FieldPath] = field(default_factory=list)
    comment: str = ""

    @property
    def added(self) -> bool:
        """Whether anything stands beside a conda file."""
        return bool(self.pip or self.conda or self.channels or self.python)


def gathered(section: Section, environment: Section, root: str) -> Packages:
    """All packages, of the environment and of an estimator itself. `root` is where its files are."""
    packages = Packages()
    for holder in (environment.inner("python"), environment, section):
        for key in ("condaDependenciesFile", "condaDependencies"):
            if packages.conda_file is not None:
                holder.drop(key, "the conda file comes before it")
            elif holder.get(key) is not None:
                packages.conda_file = holder.get(key)
                packages.origins += holder.origins(key)
        listed = {"pipPackages": packages.pip, "condaPackages": packages.conda, "channels": packages.channels}
        for key, kept in listed.items():
            value = holder.get(key)
            kept += value if isinstance(value, list) else [] if value is None else [value]
            packages.origins += holder.origins(key) if value is not None else ()
        for key in ("pythonVersion", "pipRequirementsFile"):
            packages.origins += holder.origins(key) if holder.get(key) is not None else ()
        packages.python = coerce.word(holder.get("pythonVersion")) or packages.python
        if holder.get("pipRequirementsFile") is not None:
            packages.pip += _requirements(holder.get("pipRequirementsFile"), root)
    return packages


def _requirements(file: object, root: str) -> list[object]:
    """The lines of a file of pip's."""
    text = text_of(file, root)
    if text is None:
        return [Missing(f"the requirements of {coerce.shown(file)}")]
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.split("\n"))
    return [line for line in lines if line]


def put_framework(section: Section, place: Fields, packages: Packages, root: str) -> None:
    """What an estimator's image had; nothing where an image or a conda file stands in its place."""
    estimator, raw = coerce.word(section.get("estimator")) or "", section.get("frameworkVersion")
    if estimator not in DEFAULTS or "image" in place or packages.conda_file is not None:
        section.drop("frameworkVersion", "an image or a conda file stands in the place of the estimator's")
        return
    version = coerce.word(raw) or ("" if is_open(raw) else DEFAULTS[estimator])
    comment = "" if raw is not None else f"the version that {estimator} takes where nothing is said"
    with_mpi = _starts_with_mpi(section)
    if estimator == "TensorFlow" and not packages.added and not with_mpi:
        place.put("framework", "tensorflow")
        place.put("version", version or raw, *section.origins("frameworkVersion"), comment=comment)
        return
    packages.origins += section.origins("frameworkVersion")
    had = next((line for line in _IMAGES.split("\n") if line.startswith(f"{estimator} {version} ")), "").split()[2:]
    if not had:
        name = _NAMES[estimator]
        exact = f"{name}=={version}" if version.count(".") > 1 else f"{name}=={version}.*"
        packages.pip.insert(0, exact if version else Missing(f"the version of {name} is computed: write it"))
        return
    horovod, *listed = had
    if coerce.truth(section.get("useGpu")):
        listed = [line.replace("tensorflow==", "tensorflow-gpu==") for line in listed]
    if with_mpi and horovod != "-" and "horovod" in (text_of(_script(section), root) or "horovod"):
        listed.append(f"horovod=={horovod}")
    named = {re.split(r"[^\w.-]", str(line))[0].lower() for line in packages.pip}
    packages.pip[:0] = [line for line in listed if line.partition("==")[0] not in named]
    packages.python = packages.python or OLD_PYTHON
    packages.comment = f"what the image of {estimator} {version} had{f', {comment}' if comment else ''}"


def _starts_with_mpi(section: Section) -> bool:
    name = section.first("distributedTraining", "distributedJobConfig")
    given = section.inner(name).get("type") if isinstance(section.get(name), Mapping) else None
    written = given or section.get("communicator", "distributedBackend") or ""
    return foreign_value("job.distribution.type", str(written)) == "mpi"


def _script(section: Section) -> str:
    source, script = section.get("sourceDirectory"), section.get("script", "entryScript")
    return os.path.join(*(coerce.word(part) or "" for part in (source, script)))  # noqa: PTH118 - any may be empty


def put_packages(place: Fields, packages: Packages, root: str) -> None:
    """As a conda file, or as a list for pip."""
    file, comment = packages.conda_file, packages.comment
    if file is None and not packages.added:
        return
    if file is None and not (packages.conda or packages.channels or packages.python):
        place.put("pip", packages.pip, *packages.origins, comment=comment)
        return
    if isinstance(file, str) and packages.added:
        known = content_of(file, root)
        if known is None or _OF_FILES.search(text_of(file, root) or ""):
            what = f"add to it: {', '.join(map(str, [*packages.conda, *packages.pip]))}"
            place.put("conda_file", file, *packages.origins, doubt=what)
            return
        file, comment = known, f"{file}, with the packages that are added to it"
    if file is None or isinstance(file, Mapping):
        merged = _merged(file or {}, packages)
        file = Missing("a package is computed: write the conda file") if is_open(merged) else merged
    place.put("conda_file", file, *packages.origins, comment=comment)


def _merged(values: Mapping[str, object], packages: Packages) -> Mapping[str, object]:
    """A conda file's content with more packages in it."""
    if not packages.added:
        return values
    dependencies, channels = (
        list(found) if isinstance(found := values.get(key), list) else [] for key in ("dependencies", "channels")
    )
    pip = [line for one in dependencies if isinstance(one, Mapping) for line in one.get("pip") or ()]
    kept = [one for one in dependencies if not isinstance(one, Mapping)]
    if packages.python or not values:
        kept = [one for one in kept if not re.match(r"python\b(?!-)", str(one))]
        kept.insert(0, f"python={packages.python or PYTHON}")
    kept += [one for one in packages.conda if one not in kept]
    pip += [one for one in packages.pip if one not in pip]
    channels += [one for one in packages.channels if one not in channels]
    last = [*(["pip"] if "pip" not in kept else []), {"pip": pip}] if pip else []
    return {**values, "channels": channels or ["conda-forge"], "dependencies": [*kept, *last]}


def content_of(file: object, root: str) -> Mapping[str, object] | None:
    """What a YAML file holds; None for one that is not there, or holds no mapping."""
    try:
        values = read_yaml(os.path.join(root, str(file))).values  # noqa: PTH118 - a root may be empty
    except (Refused, ValueError):
        return None
    return values if isinstance(values, Mapping) else None


def text_of(file: object, root: str) -> str | None:
    """A file's text; None for one that is not there."""
    try:
        return read_text(os.path.join(root, str(file).strip()))  # noqa: PTH118 - a root may be empty
    except (Refused, ValueError):
        return None
