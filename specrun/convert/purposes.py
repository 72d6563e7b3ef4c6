"""Whether an argument names a place to read from or to write to, where what was mounted was both."""

from __future__ import annotations

import re
from enum import Enum


class Purpose(Enum):
    """What a program does at a path. A program's model may be one that it begins with, or one that it makes."""

    READ = "read"
    WRITE = "write"
    MODEL = "a model"
    OPEN = "not to be told"


NEAR = 200
"""Characters before a path in which the option stands that it belongs to."""

OF_CODE = re.compile(
    r"(?i)\.(py|sh|bash|pl|r|lua|jl|m|c|cpp|cu|h|cntk|prototxt|ipynb|json|ya?ml|toml|cfg|conf|ini|txt|md)$"
)
"""Files that come along with scripts."""

_OF_DATA = re.compile(r"(?i)\.(csv|tsv|npz?|tfrecords?|lmdb|zip|tar|t?gz|bz2|jpe?g|png|parquet|ctf|mat|whl|deb|rpm)$")
_OPTION = re.compile(r"(?:^|[\s\"'(;&|])(?P<name>--?[A-Za-z][\w.-]*(?=[=\s])|[A-Za-z_]\w*(?==))(=|\s+)[\"']?$")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_INTO = re.compile(r"(?<![<\w])(\d?|&)>>?\|?\s*[\"']?$")
_FROM = re.compile(r"<\s*[\"']?$")
_COMMAND = re.compile(r"[;&|\n()]")
_ENDED = re.compile(r"[\"']?\s*(\d?>.*)?([;&|\n)].*)?", re.DOTALL)

_LOADED = ("pretrain", "restor", "load", "init", "resum", "from", "finetun")
_WRITTEN = """
out save saving export summar result tensorboard snapshot log writ dest dump download event cache backup
"""
_READ = """
data input indir image img label val test train config cfg conf vocab dict embed source src script csv record
feature anno corpus solver param python library requirement
"""
_SHOW = """
cat ls head tail grep wc find test [ pip pip3 conda dpkg apt apt-get unzip tar gunzip diff du stat file
"""
_WRITES, _READS, _SHOWS = (tuple(words.split()) for words in (_WRITTEN, _READ, _SHOW))
_MADE = ("model", "checkpoint", "ckpt")
_DIRECTORY = re.compile(r"(?i)(train|eval|job)[-_]?(dir|directory|folder|path)")
_LETTERS = {"o": Purpose.WRITE, "i": Purpose.READ, "r": Purpose.READ}
_MAKES = ("mkdir", "touch", "tee", "rm", "rmdir", "chmod", "chown")
_COPIES = ("cp", "mv", "rsync", "ln", "install")
_START = re.compile(r"(?:.*/)?(?:python[\d.]*|bash|sh|source|\.|perl|Rscript|lua|julia|node|java|cntk|caffe)")


def purpose_of(before: str, path: str, after: str) -> Purpose:
    """What happens at a path of a command line, of which `before` and `after` are what stands around it."""
    if _INTO.search(before):
        return Purpose.WRITE
    if _FROM.search(before):
        return Purpose.READ
    words = _COMMAND.split(before)[-1].split()
    program = next((word for word in words if "=" not in word and word not in ("sudo", "exec", "time", "nohup")), "")
    option = _OPTION.search(before)
    found = _of_option(option["name"], program) if option else Purpose.OPEN
    if option is None or (found is Purpose.OPEN and _START.fullmatch(program)):
        found = _of_command(program, words, after)
    if found is Purpose.OPEN and (OF_CODE.search(path) or _OF_DATA.search(path)):
        return Purpose.READ
    if found is not Purpose.OPEN:
        return found
    named = (purpose_of_name(part) for part in reversed(path.split("/")))
    return next((one for one in named if one in (Purpose.READ, Purpose.WRITE)), Purpose.OPEN)


def _of_option(option: str, program: str) -> Purpose:
    name = option.lstrip("-")
    if len(name) == 1:
        extracts = (program, name) in (("tar", "C"), ("unzip", "d"), ("wget", "P"), ("wget", "O"))
        return Purpose.WRITE if extracts or program in _MAKES else _LETTERS.get(name, Purpose.OPEN)
    found = purpose_of_name(name)
    return Purpose.READ if found is Purpose.OPEN and program in _SHOWS else found


def purpose_of_name(name: str) -> Purpose:
    """What an option, a variable or a folder of that name is for: `--output-dir`, `MODEL_DIR`, `logs`."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(word.startswith(_LOADED) for word in words):
        return Purpose.READ
    if any(word.startswith(_WRITES) for word in words):
        return Purpose.WRITE
    if _DIRECTORY.fullmatch(name.lstrip("-")):
        return Purpose.MODEL
    if name == "PATH" or any(word == "in" or word.startswith(_READS) for word in words):
        return Purpose.READ
    if any(word.startswith(_MADE) for word in words):
        return Purpose.MODEL
    return Purpose.OPEN


def _of_command(program: str, words: list[str], after: str) -> Purpose:
    """Of a path that is no option's: an argument of the program, or the program itself."""
    if not program or program in _SHOWS:
        return Purpose.READ
    if program in _MAKES:
        return Purpose.WRITE
    if program in _COPIES:
        return Purpose.WRITE if _ENDED.fullmatch(after) else Purpose.READ
    if _START.fullmatch(program):
        begun = words[words.index(program) + 1 :]
        return Purpose.OPEN if any(not word.startswith("-") for word in begun) else Purpose.READ
    return Purpose.OPEN
