"""What a page or a widget asks, answered: the same engine calls as the verbs, as JSON values. It decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from specrun import __version__
from specrun.apply.runs_of import RunsOf
from specrun.ui import runs
from specrun.ui.files import Sent
from specrun.ui.runs import Catalog
from specrun.ui.watching import Watching
from specrun.ui.wire import Params, Refused, Watched, whole

__all__ = ["Answers", "Refused"]


class Answers:
    """The answers about some sources of runs. Paths and values are those that the page's source asks for."""

    def __init__(self, sources: Sequence[RunsOf], title: str = "") -> None:
        self._sources = sources
        self._title = title
        self._catalog = Catalog(sources)

    def get(self, path: str, params: Mapping[str, object] | None = None) -> object:
        """The value at a path. Raises Refused, and EngineError."""
        found = Params(params or {})
        match path.strip("/").split("/"):
            case ["session"]:
                return self._session()
            case ["runs"]:
                return self._catalog.table(found)
        raise Refused(404, f"there is no `{path}`")

    def watched(self, path: str, params: Mapping[str, object] | None = None) -> Watched:
        """The value at a path, to be looked at again and again. Raises Refused."""
        match path.strip("/").split("/"):
            case ["runs"]:
                return whole(lambda: self.get(path, params), 0.5, runs.alike)
        raise Refused(404, f"nobody can watch `{path}`")

    def watch(self, path: str, params: Mapping[str, object], send: Callable[[object], None]) -> Callable[[], None]:
        """Have `send` called, in another thread, with the value at a path whenever it changes; returns what stops it.

        A watch that is refused gives `send` the Refused, and is over.
        """
        watching = Watching()
        watching.add(0, self.watched(path, params))

        def tell(message: dict[str, object] | None) -> None:
            if message is not None and "error" in message:
                error = message["error"]
                assert isinstance(error, dict)
                send(Refused(error["status"], error["message"]))
                watching.stop()
            elif message is not None:
                send(message["data"])

        threading.Thread(target=watching.run, args=(tell,), name=f"watch {path}", daemon=True).start()
        return watching.stop

    def sent(self, path: str, params: Params) -> Sent | None:
        """The bytes at a path, where these are asked for; None where its value is meant. Raises Refused."""
        return None

    def post(self, path: str, body: Mapping[str, object] | None = None) -> object:
        """Have something done. Raises Refused, and EngineError."""
        raise Refused(404, f"there is no `{path}`")

    def _session(self) -> dict[str, object]:
        return {
            "version": __version__,
            "title": self._title,
            "specs": [
                {
                    "name": one.maker.spec,
                    "place": one.engine.place.title,
                    "engine": one.engine.place.engine,
                    "file": one.file or None,
                }
                for one in self._sources
                if one.maker
            ],
            "reads_only": False,
        }
