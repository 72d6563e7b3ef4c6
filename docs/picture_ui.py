"""Makes docs/images/ui.png: what `specrun ui` shows of the demo, drawn by Chromium.

The demo runs some times with other settings; the picture is the page of the newest run. It takes TensorFlow; without
Chromium the picture is left as it is.
`--check` says (exit 1) where there is none, or one that is too large for a page that people load.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import chromium

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "specs" / "examples" / "digits-ps"
PICTURE = ROOT / "docs" / "images" / "ui.png"
LARGEST = 150_000
WIDTH, HEIGHT = 1280, 540
RUNS = (("steps=100",), ("steps=150", "batch_size=32"), ())
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


def draw(to: Path) -> None:
    """Run the demo, and draw the page of its last run. Raises CalledProcessError."""
    from playwright.sync_api import sync_playwright

    program = str(Path(sys.executable).with_name("specrun"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(EXAMPLE, Path(temporary, "digits")))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZURE_"))}
        environment = {**kept, "SPECRUN_HOME": str(folder / ".specrun")}
        for settings in RUNS:
            given = [word for setting in settings for word in ("--var", setting)]
            command = [program, "apply", "-q", "--environment", "current", *given]
            subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        newest = max((folder / ".specrun" / "runs").iterdir(), key=lambda run: run.stat().st_mtime).name
        server = [program, "ui", "--no-open", "--port", "0"]
        with subprocess.Popen(server, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                found = ADDRESS.search(process.stdout.readline())
                assert found is not None
                with sync_playwright() as driver:
                    browser = driver.chromium.launch(executable_path=chromium.browser(), args=list(chromium.OPTIONS))
                    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
                    page.goto(found[0])
                    page.evaluate("way => { location.hash = way }", f"#/runs/{newest}/metrics")
                    page.locator(".u-over").first.wait_for()
                    page.get_by_role("button", name=re.compile("^Previous")).first.click()
                    page.wait_for_timeout(1500)
                    page.screenshot(path=to)
                    browser.close()
            finally:
                process.kill()


def main(arguments: list[str]) -> int:
    """Draws the picture, or says whether there is one."""
    if arguments == ["--check"]:
        wrong = (
            "" if PICTURE.exists() and PICTURE.stat().st_size <= LARGEST else f"{PICTURE.name} is missing or too large"
        )
        print(wrong, file=sys.stderr, end="\n" if wrong else "")
        return int(bool(wrong))
    if chromium.browser() is None:
        print("docs/images/ui.png is left as it is: it takes Chromium to draw it", file=sys.stderr)
        return 0
    draw(PICTURE)
    return main(["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
