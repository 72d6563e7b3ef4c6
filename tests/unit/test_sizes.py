from __future__ import annotations

import re

import pytest

from emulator.regions import SIZES
from specrun.spec.machines import machine_of
from specrun.spec.size_table import REGULAR, TABLE
from specrun.spec.sizes import gpu_count, has_gpu, near_miss, series_of

NUMBERED_OTHERWISE = {"A (first)", "D and DS (first)", "Dv2", "DSv2", "G and GS"}
"""Series whose sizes are counted up: the number in a name is not that of vCPUs."""


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("STANDARD_NC4AS_T4_V3", 1),
        ("Standard_NC64as_T4_v3", 4),
        ("nc96ads_a100_v4", 4),
        ("STANDARD_ND96ISR_H100_V5", 8),
        ("STANDARD_NC24", 4),
        ("STANDARD_D4DS_V5", 0),
        ("STANDARD_NC1_UNHEARD_V9", None),
    ],
)
def test_gpu_count(size: str, count: int | None) -> None:
    assert gpu_count(size) == count


@pytest.mark.parametrize(
    ("size", "answer"),
    [
        ("STANDARD_NC4AS_T4_V3", True),
        ("STANDARD_NC1_UNHEARD_V9", True),
        ("STANDARD_NP10S", False),
        ("Standard_DS3_v2", False),
        ("STANDARD_HB120RS_V3", False),
        ("STANDARD_E4DS_V5", False),
        ("cluster", None),
        ("NODE", None),
        ("XYZ1", None),
    ],
)
def test_has_gpu(size: str, answer: bool | None) -> None:
    assert has_gpu(size) is answer


@pytest.mark.parametrize(
    ("size", "right"),
    [
        ("STANDARD_NC4SA_T4_V3", "STANDARD_NC4AS_T4_V3"),
        ("NC24ADS_A100V4", "STANDARD_NC24ADS_A100_V4"),
        ("STANDARD_NC4AS_T4_V3", None),
        ("STANDARD_D4S_V3", None),
        ("STANDARD_NX99_ELSE_V7", None),
    ],
)
def test_near_miss(size: str, right: str | None) -> None:
    assert near_miss(size) == right


def test_the_table_is_in_its_form() -> None:
    names = [entry.partition("=")[0] for series in TABLE for entry in series.sizes.split()]
    assert len(names) == len(set(names)), "a size belongs to one series"
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_-]*", name) for name in names)
    for series in TABLE:
        if series.retires:
            assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", series.retires)
            assert series.source.startswith("https://")
            replacement = re.search(r"\((STANDARD_\w+)\)", series.instead)
            assert replacement is not None, series.name
            following = series_of(replacement[1])
            assert following is None or not following.retires, f"{series.name} sends people to another retired series"
        else:
            assert not series.instead


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("STANDARD_NC4AS_T4_V3", "4 vCPUs, 28 GiB, 1 × T4 (16 GB)"),
        ("Standard_NC64as_T4_v3", "64 vCPUs, 440 GiB, 4 × T4 (16 GB)"),
        ("nc96ads_a100_v4", "96 vCPUs, 880 GiB, 4 × A100 (80 GB)"),
        ("STANDARD_ND96ASR_V4", "96 vCPUs, 900 GiB, 8 × A100 (40 GB)"),
        ("STANDARD_ND96ISR_H100_V5", "96 vCPUs, 1900 GiB, 8 × H100 (80 GB)"),
        ("STANDARD_NV6ADS_A10_V5", "6 vCPUs, 55 GiB, 1/6 × A10 (4 GB)"),
        ("STANDARD_NC6S_V3", "6 vCPUs, 112 GiB, 1 × V100 (16 GB)"),
        ("STANDARD_ND128ISR_NDR_GB200_V6", "128 vCPUs, 900 GiB, 4 × GB200"),
        ("Standard_DS3_v2", "4 vCPUs, 14 GiB"),
        ("STANDARD_D14_V2", "16 vCPUs, 112 GiB"),
        ("STANDARD_D4DS_V5", "4 vCPUs, 16 GiB"),
        ("STANDARD_E64S_V3", "64 vCPUs, 432 GiB"),
        ("STANDARD_E16-4S_V5", "4 vCPUs, 128 GiB"),
        ("STANDARD_DS14-8_V2", "8 vCPUs, 112 GiB"),
        ("STANDARD_M16-4MS", "4 vCPUs, 437.5 GiB"),
        ("STANDARD_F72S_V2", "72 vCPUs, 144 GiB"),
        ("STANDARD_FX12MDS", "12 vCPUs, 252 GiB"),
        ("STANDARD_L8S_V3", "8 vCPUs, 64 GiB"),
        ("STANDARD_A1_V2", "1 vCPU, 2 GiB"),
        ("STANDARD_HB120-16RS_V3", "16 vCPUs, 448 GiB"),
    ],
)
def test_what_an_instance_has(size: str, words: str) -> None:
    assert str(machine_of(size)) == words


@pytest.mark.parametrize(
    "size",
    [
        "STANDARD_D5S_V5",
        "STANDARD_E16-32S_V5",
        "STANDARD_NC1_UNHEARD_V9",
        "STANDARD_ND128ISR_GB300_V6",
        "cluster",
        "1-2",
        "E16-" + "9" * 9999,
    ],
)
def test_no_number_is_better_than_a_wrong_one(size: str) -> None:
    assert machine_of(size) is None


def test_the_figures_agree_with_the_names() -> None:
    names = [(series, entry.partition("=")[0]) for series in TABLE for entry in series.sizes.split()]
    names += [
        (one, name.replace("#", number))
        for one in REGULAR
        for name in one.names.split()
        for number in one.vcpus.split()
    ]
    assert len(names) == len({name for _, name in names})
    for series, name in names:
        machine = machine_of(name)
        if machine is None:
            continue
        number = re.findall(r"\d+", name.partition("_V")[0].partition("_")[0])[-1]
        assert machine.vcpus == int(number) or series[0] in NUMBERED_OTHERWISE, name
        assert 0.5 <= machine.memory / machine.vcpus <= 60, name
        assert machine.gpus == gpu_count(name), name
        assert bool(machine.gpu) == bool(machine.gpus), name


def test_the_emulator_has_the_same_machines() -> None:
    for one in SIZES.values():
        machine = machine_of(one.name)
        assert machine is not None
        assert (machine.vcpus, machine.memory, machine.gpus) == (one.cores, one.memory, one.gpus), one.name


def test_a_retired_gpu_series_sends_to_one_with_gpus() -> None:
    for series in TABLE:
        if series.retires and series.gpu:
            replacement = re.search(r"\((STANDARD_\w+)\)", series.instead)
            assert replacement is not None
            assert gpu_count(replacement[1])
