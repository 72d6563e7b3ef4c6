from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.local import gpus


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with an nvidia-smi that knows of three GPUs."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, GPU-aaaa-1'\necho '1, GPU-bbbb-2'\necho '2, GPU-cccc-3'\n")
    tool.chmod(0o755)
    return str(tmp_path)


def test_all(path: str) -> None:
    assert gpus.present({"PATH": path}) == ("0", "1", "2")


@pytest.mark.parametrize(
    ("visible", "present"),
    [
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("2,0", ("2", "0")),
        ("1,7,0", ("1",)),
        ("GPU-bbbb", ("1",)),
        ("GPU-cccc-3, GPU-aaaa-1", ("2", "0")),
    ],
)
def test_those_that_whoever_started_specrun_was_given(path: str, visible: str, present: tuple[str, ...]) -> None:
    assert gpus.present({"PATH": path, "CUDA_VISIBLE_DEVICES": visible}) == present


def test_no_tool(tmp_path: Path) -> None:
    assert gpus.present({"PATH": str(tmp_path)}) == ()


def test_how_busy_they_are_and_whose_memory_it_is(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\ncase $1 in\n*utilization*) echo '0, 93'; echo '1, [N/A]';;\n"
        "*compute-apps*) echo '17, 100'; echo '17, 28'; echo '18, [N/A]';;\nesac\n"
    )
    tool.chmod(0o755)
    assert gpus.busy({"PATH": str(tmp_path)}) == ({"0": 93.0}, {17: 128 << 20})
    assert gpus.busy({"PATH": str(tmp_path / "none")}) == ({}, {})


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", "echo '[N/A], x'", "echo"])
def test_a_tool_without_a_driver(tmp_path: Path, script: str) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    assert gpus.present({"PATH": str(tmp_path)}) == ()


@pytest.mark.parametrize("words", [r"\377\376", r"x, y, z\n\n,\n1\n", r"NVIDIA-SMI has failed\n", r"\262, GPU-x\n"])
def test_a_tool_that_says_nonsense(path: str, words: str) -> None:
    tool = Path(path, "nvidia-smi")
    tool.write_text(f"#!/bin/sh\nprintf '{words}'\n")
    assert gpus.present({"PATH": path}) == ()
