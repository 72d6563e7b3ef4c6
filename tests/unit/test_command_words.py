"""Commands that are printed for people, to be pasted."""

from __future__ import annotations

import subprocess

from specrun.spec.visible import visible
from specrun.spec.wording import command, file_word

NAMES = (
    *("job.yaml", "My Project/job.yaml", "$HOME/job.yaml", "it's.yaml", 'a "b".yaml', "~/job.yaml", "a;b&c|d.yaml"),
    *("größe.yaml", "ジョブ.yaml", "a\tb\nc.yaml", "bell\x07.yaml", "new\x85line\u2028.yaml", "##vso[x].yaml", "::x"),
    *("back\\slash.yaml", "it's\x1b\\.yaml", "*.yaml", "{a,b}.yaml", "!x.yaml", "", "-x.yaml", "-"),
)


def test_what_is_printed_is_what_a_shell_reads() -> None:
    line = visible(f"printf '%s\\0' {command(*NAMES)}")
    assert line.isprintable()
    read = subprocess.run(["bash", "-c", line], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert read.stdout.decode().split("\0")[:-1] == list(NAMES)


def test_a_name_that_is_not_utf_8() -> None:
    line = "printf '%s' " + command("caf\udce9.yaml")
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout == b"caf\xe9.yaml"


def test_a_file_is_no_option() -> None:
    assert [file_word(name) for name in ("-x.yaml", "--help", "-", "a-x.yaml")] == [
        *("./-x.yaml", "./--help", "-", "a-x.yaml")
    ]
