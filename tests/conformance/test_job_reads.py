"""What a job reads arrives: whatever it is called, however it is asked for, wherever it comes from."""

from __future__ import annotations

import hashlib
import textwrap
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.desk import Desk, actions
from tests.conformance.site import trusted_site

LIST = """
    import hashlib, json, os, sys, unicodedata

    def digest(path):
        with open(path, "rb") as file:
            return hashlib.md5(file.read()).hexdigest()

    def listing(top):
        if os.path.isfile(top):
            return {os.path.basename(top): digest(top)}
        paths = [os.path.join(parent, name) for parent, _, names in os.walk(top) for name in names]
        return {unicodedata.normalize("NFC", os.path.relpath(path, top)): digest(path) for path in paths}

    print("told", json.dumps([listing(path) for path in sys.argv[1:]]), flush=True)
"""

ODD_NAMES = (
    "plain.csv",
    ".hidden",
    "no extension",
    "two  blanks .txt",
    "100% sure.txt",
    "%41.txt",
    "a+b&c=d;e,f.txt",
    "what?#fragment.txt",
    'it\'s "quoted" `so` $HOME.txt',
    "(round) [square] {curly} <angled>.txt",
    "übergröße.txt",
    unicodedata.normalize("NFD", "café.txt"),
    "数据/训练.csv",
    "🐙/🦑.bin",
    "*.star",
    "-dash",
    "~tilde",
    "a:b|c.txt",
    "CASE.txt",
    "case.txt",
    "deep/er/and/deeper/still/file.txt",
)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("mode", ["ro_mount", "download"])
def test_files_arrive_whatever_they_are_called(desk: Desk, mode: str) -> None:
    contents = {name: f"{name}\n".encode() for name in ODD_NAMES}
    contents |= {"empty": b"", "bytes.bin": bytes(range(256)) * 5000}
    for name, content in contents.items():
        desk.write(f"data/{name}", content)
    desk.write("src/list.py", LIST)
    desk.spec(
        """
        data: {odd: {path: data, target: conformance/<name>/with a blank & ümlaut}}
        job:
          code: src
          command: python list.py ${{ inputs.odd }}
          inputs: {odd: {data: odd, mode: <mode>}}
        """,
        mode=mode,
    )
    (found,) = desk.apply().told()
    assert found == {unicodedata.normalize("NFC", name): md5(content) for name, content in contents.items()}
    assert actions(desk.plan("--exit-code")) == {}


def test_what_was_downloaded_is_the_jobs_own(desk: Desk) -> None:
    desk.write("data/a.txt", "a\n")
    desk.spec("""
        data: {set: {path: data, target: conformance/<name>}}
        job:
          command: cd ${{ inputs.set }} && echo more >> a.txt && echo new > b.txt && cat a.txt
          inputs: {set: {data: set, mode: download}}
    """)
    assert desk.apply().roles == {"main/0": ["a", "more"]}
    assert actions(desk.plan("--exit-code")) == {}, "what is on the datastore is as it was"


def test_every_way_to_name_an_input(desk: Desk) -> None:
    desk.write("src/list.py", LIST)
    desk.write("src/echo.py", "import json, sys\nprint('told', json.dumps(sys.argv[1:]))\n")
    desk.write("data/a.txt", "a\n")
    desk.write("data/below/b.txt", "b\n")
    desk.write("alone.txt", "alone\n")
    desk.spec("""
        data: {one: {path: alone.txt, target: conformance/<name>}}
        job:
          code: src
          command: python list.py ${{ inputs.folder }} ${{ inputs.file }} ${{ inputs.copied }} ${{ inputs.one }}
          inputs:
            folder: {path: data}
            file: {path: data/below/b.txt, type: uri_file}
            copied: {path: alone.txt, type: uri_file, mode: download}
            one: {data: one}
    """)
    a, b, alone = md5(b"a\n"), md5(b"b\n"), {"alone.txt": md5(b"alone\n")}
    assert desk.apply().told() == [{"a.txt": a, "below/b.txt": b}, {"b.txt": b}, alone, alone]


@pytest.mark.parametrize("form", ["command", "script"])
def test_scalars_arrive_as_they_were_written(desk: Desk, form: str) -> None:
    desk.write("src/echo.py", "import json, sys\nprint('told', json.dumps(sys.argv[1:]))\n")
    words = ", ".join(f"'${{{{ inputs.{name} }}}}'" for name in ("count", "rate", "flag", "text", "shell"))
    starts = {
        "command": f"command: python echo.py {words}".replace("'", "").replace(",", ""),
        "script": f"script: echo.py\n  arguments: [{words}]",
    }
    inputs = r"""{count: 3, rate: 0.5, flag: true, text: "two words, it's", shell: "$HOME `id` \\ *"}"""
    desk.spec(f"job:\n  code: src\n  {starts[form]}\n  inputs: {inputs}\n")
    assert desk.apply().told() == ["3", "0.5", "true", "two words, it's", "$HOME `id` \\ *"]


def test_data_from_the_web_is_fetched_checked_and_read(desk: Desk, tmp_path: Path) -> None:
    content = bytes(range(256)) * 3000
    with trusted_site(desk, tmp_path) as site:
        site.files["set.npz"] = content
        desk.write("src/list.py", LIST)
        text = """
            data: {web: {path: <url>/set.npz, sha256: "<sha256>", target: conformance/<name>}}
            job:
              code: src
              command: python list.py ${{ inputs.web }}
              inputs: {web: {data: web}}
        """
        desk.spec(text, url=site.url, sha256="0" * 64)
        wrong = desk.apply(ends=1)
        assert hashlib.sha256(content).hexdigest() in wrong.err
        assert desk.runs() == []
        desk.spec(text, url=site.url, sha256=hashlib.sha256(content).hexdigest())
        assert desk.apply().told() == [{"set.npz": md5(content)}]
        assert actions(desk.plan("--exit-code")) == {}


def test_what_one_run_writes_to_a_datastore_the_next_one_reads(desk: Desk, needs: Callable[..., None]) -> None:
    needs("store")
    store = desk.place.store
    assert store is not None
    desk.variables = {"CONF_KEY": store.key}
    desk.write("src/list.py", LIST)
    words = {"store": desk.name.replace("-", "_"), "account": store.account, "container": store.container}
    datastore = """
        datastores:
          <store>:
            type: azure_blob
            account_name: <account>
            container_name: <container>
            credentials: {account_key: "${{ secrets.CONF_KEY }}"}
    """
    writer = """
        job:
          command: mkdir -p ${{ outputs.model }}/deep && echo weights > ${{ outputs.model }}/deep/model.bin
          outputs: {model: {path: "azureml://datastores/<store>/paths/conformance/<name>", mode: <mode>}}
    """
    reader = """
        job:
          code: src
          command: python list.py ${{ inputs.model }}
          inputs: {model: {path: "azureml://datastores/<store>/paths/conformance/<name>"}}
    """
    desk.spec(datastore + writer, mode="upload", **words)
    desk.apply()
    desk.spec("name: <name>-reader\n" + textwrap.dedent(reader), "reader.yaml", **words)
    assert desk.apply("reader.yaml").told() == [{"deep/model.bin": md5(b"weights\n")}]
