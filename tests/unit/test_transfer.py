from __future__ import annotations

from pathlib import Path

from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from specrun.plan.observed import StoredFile
from specrun.plan.transfer import plan_transfer


def file(path: str, md5: str = "m", size: int = 1) -> SourceFile:
    return SourceFile(path, Path("/data") / path, size, False, md5)


def test_each_file_is_new_changed_or_unchanged() -> None:
    source = [
        file("new"),
        file("same"),
        file("content", "x"),
        file("size", size=2),
        file("unknown"),
        file("unfetched", ""),
    ]
    stored = {name: StoredFile(1, "m") for name in ("same", "content", "size")}
    stored |= {"unknown": StoredFile(1, ""), "unfetched": StoredFile(1, "")}
    found = plan_transfer(source, stored)
    assert [f.path for f in found.new] == ["new"]
    assert [f.path for f in found.unchanged] == ["same"]
    assert [f.path for f in found.changed] == ["content", "size", "unknown", "unfetched"]
    assert [f.path for f in found.send] == ["new", "content", "size", "unknown", "unfetched"]
    assert (found.extra, found.prune) == ({}, ())


def test_extra_files_stay_unless_this_spec_wrote_them_and_prunes() -> None:
    stored = {
        "mine": StoredFile(1, "m", Maker("me")),
        "theirs": StoredFile(1, "m", Maker("them")),
        "nobodys": StoredFile(1, "m"),
    }
    kept = plan_transfer([], stored)
    assert (kept.extra, kept.prune) == (stored, ())
    pruned = plan_transfer([], stored, prune_for=Maker("me"))
    assert (pruned.extra, pruned.prune) == (stored, ("mine",))


def test_a_file_that_is_in_the_source_is_never_pruned() -> None:
    assert plan_transfer([file("a", "new")], {"a": StoredFile(1, "old", Maker("me"))}, Maker("me")).prune == ()


def test_what_is_not_fetched_yet_is_known_by_its_sha256() -> None:
    unfetched, fetched = file("a", "", size=0), file("a", "new")
    stored = {"a": StoredFile(7, "m", Maker("me"), "ab12")}
    assert plan_transfer([unfetched], stored, sha256="AB12").unchanged == (unfetched,)
    assert plan_transfer([unfetched], stored, sha256="cd34").changed == (unfetched,)
    assert plan_transfer([unfetched], stored).changed == (unfetched,)
    assert plan_transfer([unfetched], {"a": StoredFile(0, "")}).changed == (unfetched,), "nothing known is not the same"
    assert plan_transfer([fetched], stored, sha256="AB12").changed == (fetched,), "what can be compared is"
