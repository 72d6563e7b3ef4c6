"""The page of a run in a workspace: `specrun ui` against an emulated Azure, which is asked for it once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from emulator import Emulator
from tests.event_writing import scalar
from tests.ui.conftest import PageOf
from tests.ui.ran import Folder
from tests.ui.served import Served

WORKSPACE = "{{name: page-ws, resource_group: page-rg, subscription_id: {}, location: westeurope, create: true}}"
CLUSTER = "{name: page-cluster, size: STANDARD_DS2_V2, max_instances: 1}"
LOGS = """
    import base64, os, pathlib, sys
    pathlib.Path(sys.argv[1], "events.out.tfevents.1").write_bytes(base64.b64decode(sys.argv[2]))
    print("it has learned")
"""


def test_a_run_that_has_ended_is_asked_about_once(
    tmp_path: Path, page_of: PageOf, serve: Callable[..., Served]
) -> None:
    with Emulator(tmp_path / "azure") as azure:
        azure.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        environment = {**azure.environment, "SPECRUN_ENGINE": "azureml", "HOME": str(tmp_path)}
        folder = Folder(tmp_path / "team", "azureml", environment)
        top = f"workspace: {WORKSPACE.format(azure.service.subscription)}\ncompute: {CLUSTER}"
        points = b64encode(b"".join(scalar("loss", value, step) for step, value in enumerate((0.5, 0.25)))).decode()
        folder.write(LOGS, f"python train.py ${{{{ outputs.model }}}} {points} --lr 0.125", more=top)
        job = folder.path / "job.yaml"
        job.write_text(job.read_text() + "  environment: {image: 'python:3.11'}\n")
        name = folder.apply()

        one = page_of(serve(folder.path, engine="azureml", environment=environment), f"#/runs/{name}")
        page = one.page
        main = page.get_by_role("main")

        def look() -> None:
            one.go(f"#/runs/{name}")
            expect(page.locator(".sr-run-head").get_by_role("status")).to_contain_text("ucceeded")
            for text in ("loss", "0.25", "0.125"):
                expect(main.get_by_text(text).first).to_be_visible()
            one.go(f"#/runs/{name}/logs")
            expect(page.get_by_role("log")).to_contain_text("it has learned")
            one.go(f"#/runs/{name}/metrics")
            expect(main.locator("canvas").first).to_be_visible()
            one.settle()

        look()
        asked = len(azure.requests)
        page.reload()
        look()
        assert [request.route for request in azure.requests[asked:]] == []
