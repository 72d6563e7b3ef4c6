"""What the processes of runs on this machine use: sampled while somebody looks, and kept until the server ends."""

from __future__ import annotations

import math
import threading
import time
from array import array
from collections.abc import Mapping
from typing import Any

from specrun.plan.observed import Used
from specrun.ui.runs import Catalog, Entry
from specrun.ui.wire import NOTHING, Watched


class Usage:
    """What the processes of runs use on this machine, sampled while somebody looks."""

    EVERY = 2.0
    SAMPLES = 5_000
    RUNS = 200

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._samples: dict[str, dict[str, _Samples]] = {}
        self._read_at: dict[str, float] = {}

    def get(self, name: str, after: Mapping[str, int] = {}) -> dict[str, object]:
        """What was sampled so far, but for the first `after` of each role. Raises Refused and EngineError."""
        entry = self._catalog.now(name)
        if not entry.place.is_here:
            return {"roles": {}, "note": f"what {entry.place.engine.place.title} measures stands in its portal"}
        if not entry.run.status.ended:
            self._sample(name, entry)
        roles = {role: one.data(after.get(role, 0)) for role, one in list(self._samples.get(name, {}).items())}
        ended = entry.run.status.ended and not roles
        note = "this is measured while a run goes on and somebody looks at it: this one has ended" if ended else ""
        return {"roles": roles, "note": note}

    def watched(self, name: str) -> Watched:
        """What is new since the last time, by roles."""
        told: dict[str, int] = {}
        first = [True]

        def look() -> object:
            found = self.get(name, told)
            roles: Any = found["roles"]
            counts = {role: len(one["time"]) for role, one in roles.items()}
            if not first[0] and not any(counts.values()):
                return NOTHING
            first[0] = False
            told.update({role: told.get(role, 0) + count for role, count in counts.items()})
            return found

        return Watched(look, self.EVERY)

    def _sample(self, name: str, entry: Entry) -> None:
        now = time.time()
        with self._lock:
            if now - self._read_at.get(name, 0.0) < self.EVERY * 0.9:
                return
            self._read_at[name] = now
        used = entry.place.engine.usage(name)
        with self._lock:
            roles = self._samples.setdefault(name, {})
            for role, one in used.items():
                samples = roles.setdefault(role, _Samples())
                if len(samples.time) < self.SAMPLES:
                    samples.add(now, one)
            while len(self._samples) > self.RUNS:
                self._samples.pop(next(iter(self._samples)))


class _Samples:
    """One role's samples: cores, bytes, and parts of a GPU where there is one."""

    def __init__(self) -> None:
        self.time, self.cpu, self.memory, self.gpu, self.gpu_memory = (array("d") for _ in range(5))
        self._before: tuple[float, float] | None = None

    def add(self, now: float, used: Used) -> None:
        """Take in a sample: of CPU there are seconds so far."""
        before, self._before = self._before, (now, used.cpu_seconds)
        if before is None:
            return
        self.time.append(now)
        self.cpu.append(max(0.0, used.cpu_seconds - before[1]) / max(1e-3, now - before[0]))
        self.memory.append(_number(used.memory))
        self.gpu.append(_number(used.gpu))
        self.gpu_memory.append(_number(used.gpu_memory))

    def data(self, after: int) -> dict[str, object]:
        """The samples but for the first `after`, as JSON values."""
        found: dict[str, object] = {}
        for name in ("time", "cpu", "memory", "gpu", "gpu_memory"):
            values = getattr(self, name)[after:]
            listed = [None if math.isnan(value) else value for value in values]
            found[name] = listed if any(value is not None for value in listed) or not name.startswith("gpu") else None
        return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
