"""What stands in the package and was written elsewhere is what its note says."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

VENDOR = resources.files("specrun.ui") / "vendor"


def test_each_vendored_file_has_the_hash_that_is_noted() -> None:
    note = (VENDOR / "VENDORED").read_text(encoding="utf-8")
    noted = {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (.+)$", note, re.MULTILINE)}
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}
    del there["VENDORED"]
    assert there == noted


def test_the_note_and_the_files_name_the_same_version_and_licence() -> None:
    note = (VENDOR / "VENDORED").read_text(encoding="utf-8")
    version = re.search(r"uPlot (\d+\.\d+\.\d+), MIT licence", note)
    assert version is not None
    assert f"(v{version[1]})" in (VENDOR / "uPlot.iife.min.js").read_text(encoding="utf-8")[:100]
    assert (VENDOR / "uPlot.LICENSE").read_text(encoding="utf-8").startswith("The MIT License (MIT)")
