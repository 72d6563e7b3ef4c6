"""What a script's environment has: gathered from all the ways in which SDK v1 says it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.convert.document import TODO
from specrun.convert.scripts.values import Argument, Call, Member, Value
from specrun.convert.scripts.writing import Writing
from specrun.spec.rules.environment import is_requirement

PYTHON = re.compile(r"\d+(\.\d+)*")
_FILES = ("conda_dependencies_file", "conda_dependencies_file_path")


@dataclass(slots=True)
class Packages:
    """Requirements of pip and conda; `files` are conda files that exist, `asked` whether something is unknown."""

    pip: list[str] = field(default_factory=list)
    conda: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    python: str = ""
    files: list[tuple[Call, str, Value]] = field(default_factory=list)
    asked: bool = False

    @property
    def needs_conda(self) -> bool:
        """Whether pip alone cannot bring them."""
        return bool(self.conda or self.channels or self.python)


def gather(writing: Writing, call: Call, packages: Packages) -> None:
    """Add what an estimator or `CondaDependencies.create` lists."""
    for name, kept in (("pip_packages", packages.pip), ("conda_packages", packages.conda)):
        if call.find(name) is not None:
            kept += _listed(writing, call, name, packages)
    if call.find("python_version") is not None and call.get("python_version") is not None:
        _python(writing, call, "python_version", packages)
    for name in _FILES:
        if call.get(name) is not None:
            packages.files.append((call, name, call.get(name)))
    for name in ("pip_requirements_file", "pip_requirements_file_path", "pip_requirements"):
        if call.get(name) is not None:
            packages.pip.append(TODO)
            packages.asked = True
            writing.ask(
                call,
                name,
                ("job", "environment", "pip"),
                "list the requirements of the file here: pip's own files cannot be named in a spec",
            )


def gather_added(writing: Writing, dependencies: Value, packages: Packages) -> None:
    """Add what methods such as `add_pip_package` add to a CondaDependencies, or to an attribute of a configuration."""
    for call in writing.calls:
        target, at = (dependencies.call, dependencies.path) if isinstance(dependencies, Member) else (dependencies, "")
        if call.skipped or call.owner is not target or call.at != at:
            continue
        if call.kind == "add_pip_package":
            packages.pip += _listed(writing, call, "pip_package", packages)
        elif call.kind == "add_conda_package":
            packages.conda += _listed(writing, call, "conda_package", packages)
        elif call.kind == "add_channel":
            packages.channels += _listed(writing, call, "channel", packages)
        elif call.kind == "set_python_version":
            _python(writing, call, "version", packages)
        elif call.kind == "add_tensorflow_pip_package":
            version = call.get("version")
            packages.pip.append(f"tensorflow=={version}" if isinstance(version, str) else "tensorflow")
            for name in call.arguments or ("",):
                writing.rewrite(call, name, ("job", "environment", "pip"), f"the package {packages.pip[-1]}")


def _listed(writing: Writing, call: Call, name: str, packages: Packages) -> list[str]:
    value = call.get(name)
    items = value if isinstance(value, list) else [] if value is None else [value]
    of_pip = name.startswith("pip")
    to = ("job", "environment")
    kept: list[str] = []
    wrong = ""
    for item in items:
        word = item.strip() if isinstance(item, str) else ""
        if word and (not of_pip or is_requirement(word)) and "${{" not in word and word.isprintable():
            kept.append(word)
        elif (
            of_pip and re.fullmatch(r"[\w.-]+(\[[^\]]*\])?=[^=].*", word) and is_requirement(word.replace("=", "==", 1))
        ):
            kept.append(word.replace("=", "==", 1))
        elif item is not None:
            wrong = f"`{word}` is no requirement that a spec can have" if word else "a package is computed: write it"
            kept.append(TODO)
    argument: Argument | None = call.find(name)
    if wrong:
        packages.asked = True
        writing.ask(call, name, to, wrong)
    elif not of_pip:
        writing.rewrite(call, name, to, "stands in the conda file that is written beside the spec")
    elif argument is not None and isinstance(value, list):
        writing.carry(call, name, to)
    else:
        writing.rewrite(call, name, to, "an entry of the list")
    return kept


def _python(writing: Writing, call: Call, name: str, packages: Packages) -> None:
    value = call.get(name)
    to = ("job", "environment", "conda_file")
    if isinstance(value, str | float | int) and PYTHON.fullmatch(str(value).strip()):
        packages.python = str(value).strip()
        writing.rewrite(call, name, to, "stands in the conda file that is written beside the spec")
    else:
        writing.ask(call, name, to, "the version of Python is computed: write it into the conda file")


def conda_values(packages: Packages) -> dict[str, object]:
    """What a conda file with these packages holds."""
    conda = [package for package in dict.fromkeys(packages.conda) if not package.startswith("python=")]
    pip = ["pip", {"pip": list(dict.fromkeys(packages.pip))}] if packages.pip else []
    return {
        "channels": list(dict.fromkeys([*packages.channels, "conda-forge"])),
        "dependencies": [f"python={packages.python or '3.10'}", *conda, *pip],
    }
