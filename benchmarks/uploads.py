"""Data into Azurite, against azcopy: many small files, the same again, and a large one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from benchmarks.measure import LeftOut, WentWrong, paired, take
from benchmarks.table import Row
from benchmarks.workplace import ROOT, Workplace
from emulator.azurite.server import DEVELOPMENT, Azurite, Unavailable, account_key, install

AZCOPY = Path(__file__).with_name("azcopy")
PROGRAM = AZCOPY / "node_modules" / "@azure-tools" / "azcopy-linux" / "dist" / "bin" / "azcopy_linux_amd64"

FILES, FILE_SIZE = 2000, 16 << 10
LARGE = 512 << 20
ROUNDS = 3
LOOKS = 7
CONTAINER = "benchmark"


def uploads(place: Workplace) -> Iterator[Row]:
    """Whole processes, each with a store of its own but for the second look; azcopy sets the MD5s that we set."""
    try:
        install(AZCOPY)
        version = _azcopy_version()
    except Unavailable as problem:
        raise LeftOut(str(problem)) from problem
    folder = place.subfolder("uploads")
    bench = _Bench(place, folder)
    many, large = folder / "many", folder / "large"
    files, bytes_of_large = place.amount(FILES, 50), place.amount(LARGE, 16 << 20)
    rounds = place.rounds(ROUNDS)
    for path, count, size in ((many, files, FILE_SIZE), (large, 1, bytes_of_large)):
        path.mkdir()
        for number in range(count):
            (path / f"{number:05}.bin").write_bytes(os.urandom(size))
    peer = f"azcopy {version}"
    pair = paired(lambda: bench.anew(bench.ours, many), lambda: bench.anew(bench.copy, many), rounds)
    what = f"{files:,} files of {FILE_SIZE >> 10} KiB"
    yield Row("uploads", what, "s wall", pair.ours, pair.peer, f"{peer} copy", pair.ratio, "1", pair.ratio <= 1)
    with Azurite() as store:
        bench.make_container(store)
        bench.ours(store, many)
        pair = paired(lambda: bench.ours(store, many, 0), lambda: bench.sync(store, many), place.rounds(LOOKS))
    yield Row(
        "uploads",
        "the same again",
        "s wall",
        pair.ours,
        pair.peer,
        f"{peer} sync",
        pair.ratio,
        "1/4",
        pair.ratio <= 0.25,
    )
    pair = paired(lambda: bench.anew(bench.ours, large), lambda: bench.anew(bench.copy, large), rounds)
    what = f"one file of {bytes_of_large >> 20} MiB"
    yield Row("uploads", what, "s wall", pair.ours, pair.peer, f"{peer} copy", pair.ratio, "1", pair.ratio <= 1)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Both programs, with their state in the workplace."""

    place: Workplace
    folder: Path

    def anew(self, work: Callable[[Azurite, Path], float], source: Path) -> float:
        """Seconds of an upload into an empty store, which has been started before."""
        with Azurite() as store:
            self.make_container(store)
            return work(store, source)

    def make_container(self, store: Azurite) -> None:
        """The container that everything goes into."""
        from azure.storage.blob import ContainerClient

        credential = {"account_name": DEVELOPMENT, "account_key": account_key(DEVELOPMENT)}
        ContainerClient(store.account_url(), CONTAINER, credential=credential).create_container()

    def ours(self, store: Azurite, source: Path, sent: int | None = None) -> float:
        """Seconds of our process; raises WentWrong when it sends another number of files."""
        command = [sys.executable, "-m", "benchmarks.mirror", store.account_url(), CONTAINER, "data", str(source)]
        said = self.folder / "said"
        environment = {**self.place.environment, "BENCHMARK_SAS": _signature()}
        taken = take([*command, str(self.folder / "home")], environment, folder=ROOT, output=said)
        expected = len(list(source.iterdir())) if sent is None else sent
        if int(said.read_text()) != expected:
            raise WentWrong(f"{said.read_text().strip()} files were sent, and not {expected}")
        return taken.wall

    def copy(self, store: Azurite, source: Path) -> float:
        """Seconds of `azcopy copy`."""
        return self._azcopy(store, "copy", f"{source}/*", "--put-md5")

    def sync(self, store: Azurite, source: Path) -> float:
        """Seconds of `azcopy sync`, which compares times and reads no content."""
        return self._azcopy(store, "sync", str(source))

    def _azcopy(self, store: Azurite, verb: str, source: str, *options: str) -> float:
        state = str(self.folder / "azcopy")
        environment = {
            **self.place.environment,
            "AZCOPY_LOG_LOCATION": state,
            "AZCOPY_JOB_PLAN_LOCATION": state,
            "AZCOPY_DISABLE_SYSLOG": "true",
        }
        target = f"{store.account_url()}/{CONTAINER}/data?{_signature()}"
        command = [str(PROGRAM), verb, source, target, "--from-to=LocalBlob", "--log-level=ERROR", *options]
        return take(command, environment).wall


def _signature() -> str:
    from azure.storage.blob import generate_container_sas

    expiry = datetime.now(timezone.utc) + timedelta(hours=1)
    key = account_key(DEVELOPMENT)
    return str(generate_container_sas(DEVELOPMENT, CONTAINER, account_key=key, permission="racwdl", expiry=expiry))


def _azcopy_version() -> str:
    """The peer's version. Raises Unavailable when it does not start."""
    if not PROGRAM.exists():
        raise Unavailable("azcopy is there for Linux on x86_64 only")
    PROGRAM.chmod(0o755)  # npm unpacks it without
    done = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"azcopy does not start; it needs libsecret (Debian: libsecret-1-0): {done.stderr.strip()}")
    return done.stdout.split()[-1]
