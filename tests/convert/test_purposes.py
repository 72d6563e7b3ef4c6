"""What an argument below a mount is for, by what it is called and what the program does with it."""

from __future__ import annotations

import pytest

from specrun.convert.purposes import Purpose, purpose_of, purpose_of_name

SCRIPT = "python fit.py "


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        *((name, Purpose.WRITE) for name in ("--output-dir", "--logdir", "OUTPUT_DIR", "outputDir", "--save_path")),
        *((name, Purpose.WRITE) for name in ("--export_dir", "--summaries", "--results", "--snapshot-prefix")),
        *((name, Purpose.WRITE) for name in ("--train_log_dir", "--data_output_dir", "--tensorboard")),
        *((name, Purpose.MODEL) for name in ("--model", "--model_dir", "--checkpoint_dir", "ckptDir", "--train_dir")),
        *((name, Purpose.READ) for name in ("--data", "--input_model", "--model_config", "--train_data", "PYTHONPATH")),
        *((name, Purpose.READ) for name in ("--pretrained_model", "--load_checkpoint", "--resume", "--init_ckpt")),
        *((name, Purpose.OPEN) for name in ("--dir", "--root", "--work", "--x", "")),
    ],
)
def test_by_its_name(name: str, purpose: Purpose) -> None:
    assert purpose_of_name(name) is purpose


@pytest.mark.parametrize(
    ("before", "path", "after", "purpose"),
    [
        (f"{SCRIPT}--model ", "/a/b", " --lr 3", Purpose.MODEL),
        (f"{SCRIPT}--model=", "/a/b", " --lr 3", Purpose.MODEL),
        (f'{SCRIPT}--out "', "/a/b", '"', Purpose.WRITE),
        (f"{SCRIPT}-o ", "/a/b", "", Purpose.WRITE),
        (f"{SCRIPT}-i ", "/a/b", "", Purpose.READ),
        (f"{SCRIPT}--lr 3 ", "/a/b", "", Purpose.OPEN),
        (f"{SCRIPT}--lr 3 ", "/a/data/b", "", Purpose.READ),
        (f"{SCRIPT}--path ", "/logs/b", "", Purpose.WRITE),
        (f"{SCRIPT}--path ", "/a/set.csv", "", Purpose.READ),
        (f"{SCRIPT}--path ", "/a/models", "", Purpose.OPEN),
        ("python -u ", "/a/fit", "", Purpose.READ),
        ("CUDA_VISIBLE_DEVICES=0 python3 ", "/a/fit", "", Purpose.READ),
        ("", "/a/program", " --x", Purpose.READ),
        ("cp in.txt ", "/a/b", "", Purpose.WRITE),
        ("cp ", "/a/b", " .", Purpose.READ),
        ("cp -r x ", "/a/b", " && ls", Purpose.WRITE),
        ("ls; mkdir -p x ", "/a/b", "", Purpose.WRITE),
        ("cat x | tee -a ", "/a/b", "", Purpose.WRITE),
        ("cat ", "/a/b", "", Purpose.READ),
        ("fit > ", "/a/b", "", Purpose.WRITE),
        ("fit 2>> ", "/a/b", "", Purpose.WRITE),
        ("fit < ", "/a/b", "", Purpose.READ),
        ("tar -xzf ", "/a/b", " -C x", Purpose.READ),
        ("tar -xzf x -C ", "/a/b", "", Purpose.WRITE),
        ("pip install -r ", "/a/b", "", Purpose.READ),
        ("OUT_DIR=", "/a/b", "", Purpose.WRITE),
        ("cd ", "/a/b", " && fit", Purpose.OPEN),
    ],
)
def test_by_the_command_line(before: str, path: str, after: str, purpose: Purpose) -> None:
    assert purpose_of(before, path, after) is purpose
