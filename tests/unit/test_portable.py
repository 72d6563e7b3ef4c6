from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.portable import Below, digests_from, leads_to, seen_from


@pytest.mark.parametrize(
    ("root", "path", "seen"),
    [
        ("/home/alice/repo", "/home/alice/repo/src/x.py", "src/x.py"),
        ("/home/alice/repo", "/home/alice/repo/alice/x.py", "alice/x.py"),
        ("/home/alice/repo", "/home/alice/repo", "."),
        ("/home/alice/repo", "/home/alice/repo/~/x", "./~/x"),
        ("/home/alice/repo", "/home/alice/data", "../data"),
        ("/home/alice/repo", "/home/alice", ".."),
        ("/home/alice/repo", "/home/bob/data", "/home/~/data"),
        ("/home/alice/repo", "/home/bob", "/home/~"),
        ("/home/alice/repo", "/mnt/data", "/mnt/data"),
        ("/home/alice/repo", "/mnt/alice/data", "/mnt/~/data"),
        ("/builds/repo", "/home/alice/data", "~/data"),
        ("/builds/repo", "/Users/carol/data", "/Users/~/data"),
        ("/scratch/repo", "/scratch/alice/data", "../~/data"),
        ("/scratch/alice/repo", "/scratch/alice/data", "../data"),
        ("/", "/mnt/data", "mnt/data"),
    ],
)
def test_a_path_tells_nobody_s_name(monkeypatch: pytest.MonkeyPatch, root: str, path: str, seen: str) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.setenv("USER", "alice")
    assert seen_from(root, path) == seen
    if "/~" not in seen[1:]:
        monkeypatch.chdir("/")
        assert Path(leads_to(root, seen)).absolute().resolve() == Path(path)


def test_a_home_at_the_top_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of root, and of a container that has none."""
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("USER", "")
    assert seen_from("/srv/repo", "/root/data") == "~/data"
    assert seen_from("/srv/repo", "/data") == "/data"
    monkeypatch.setenv("HOME", "/")
    assert seen_from("/srv/repo", "/data") == "/data"
    assert Below("/srv/repo").told("no /data") == "no /data"


def test_a_path_through_a_link_is_that_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    root = str(tmp_path / "in")
    assert digests_from(root, {f"{tmp_path}/out.yaml": "1"}) == {"../out.yaml": "1"}
    assert digests_from(root, {f"{tmp_path}/link/job.yaml": "1"}) == {"job.yaml": "1"}
    assert seen_from(f"{tmp_path}/link", f"{root}/job.yaml") == "job.yaml"


def test_a_text_tells_no_place_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    said = "/home/alice/repo/data/a: no such file, nor is /home/alice/b"
    assert Below("/home/alice/repo").told(said) == "data/a: no such file, nor is ~/b"
