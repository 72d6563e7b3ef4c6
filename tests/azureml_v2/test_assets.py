"""Data assets: which version a label, or a bare name, stands for."""

from __future__ import annotations

from typing import Any

import pytest

from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import EngineError
from specrun.plan.observed import CloudContent
from tests.azureml_v2.place import Place

PATH = "azureml://datastores/workspaceblobstore/paths/sets/digits"


def register(engine: AzureEngine, version: str, **more: Any) -> None:
    """A version of the data asset `digits`."""
    from azure.ai.ml.entities import Data

    asked = {"name": "digits", "type": "uri_folder", "path": f"{PATH}/{version}", **more}
    engine.connection.sdk.client.data.create_or_update(Data(version=version, **asked))


@pytest.fixture
def engine(place: Place) -> AzureEngine:
    place.make_workspace()
    return place.engine(place.spec("compute: cpu-cluster"))


def test_a_label_stands_for_the_version_that_was_made_last(place: Place, engine: AzureEngine) -> None:
    assert engine.contents.digest(CloudContent("azureml:digits@latest")) == ""
    register(engine, "7")
    assert engine.contents.digest(CloudContent("azureml:digits@latest")) == "digits:7"
    register(engine, "3")
    assert engine.contents.digest(CloudContent("azureml:digits@latest")) == "digits:3"
    assert engine.contents.digest(CloudContent("azureml:digits")) == "digits:3"
    assert len(place.routes(lambda: engine.contents.digest(CloudContent("azureml:digits@latest")))) == 2


def test_a_version_needs_no_look(place: Place, engine: AzureEngine) -> None:
    register(engine, "7")
    contents: list[str] = []
    assert place.routes(lambda: contents.append(engine.contents.digest(CloudContent("azureml:digits:7")))) == []
    assert contents == [""]


def test_an_asset_that_is_not_there(engine: AzureEngine) -> None:
    assert engine.contents.digest(CloudContent("azureml:nothing")) == ""


def test_a_label_that_the_sdk_does_not_know(engine: AzureEngine) -> None:
    register(engine, "7")
    with pytest.raises(EngineError, match=r"find the data asset azureml:digits@stable.*stable"):
        engine.contents.digest(CloudContent("azureml:digits@stable"))
