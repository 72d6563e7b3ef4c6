"""`python -m release …`: what `make dist`, `make release` and the release workflow do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from release.changelog import section
from release.distributions import Wrong, publishable
from release.schemastore import write
from release.tagging import release
from release.version import ROOT, TAG


def main(arguments: list[str]) -> int:
    """0 when all is well, 1 with the reasons."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("dist", help="build and check both distributions in dist/").add_argument(
        "--tag", default="", help="refuse what is not this tag's"
    )
    verbs.add_parser("notes", help="print the changelog's section of a tag").add_argument("tag")
    verbs.add_parser("tag", help="tag a version, and say what to push").add_argument("version")
    verbs.add_parser("schemastore", help="write what SchemaStore takes").add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.verb == "notes":
            print(notes(options.tag))
        elif options.verb == "schemastore":
            print("\n".join(map(str, write(options.folder))))
        elif options.verb == "tag":
            push = release(ROOT, options.version)
            print(f"dist/ has what will be published, and v{options.version} is its tag. Publish it:\n\n  {push}")
        else:
            for file in publishable(ROOT, ROOT / "dist", options.tag):
                print(f"{file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
    except Wrong as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def notes(tag: str) -> str:
    """What the changelog says of a tag. Raises Wrong where it says nothing."""
    version = TAG.fullmatch(tag)
    found = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version[1]) if version else None
    if found is None:
        raise Wrong(f"CHANGELOG.md has no section for {tag}: `make release VERSION=…` makes it before it tags")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
