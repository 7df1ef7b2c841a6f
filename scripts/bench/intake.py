# SPDX-License-Identifier: LGPL-3.0-only
"""P6, P7 and LOG: the regulator takes records in, with millions of them there already.

Prepared pages come from a TLS server in a process of its own; they are pulled as the
scheduled action does. By turns: COPY of as many rows, sealed and matched beforehand,
merged by SQL alone without any trigger; the ORM's `create` of the same records; and
the pull without the triggers of the operation log.
"""

import http.server
import json
import multiprocessing
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.certificates import Authority

from .frame import Aim, Figure, Result, ratios
from .site import Bench

WHAT = "taking in: bytes on the wire to committed rows"
#: ID -> its rival among the ways of jobs/intake.py, its name and aim.
RIVALS = {
    "P6": ("floor", "bare COPY and merge by SQL", Aim("≥", 0.5)),
    "P7": ("orm", "ORM create in batches", Aim("≥", 10)),
    "LOG": ("unlogged", "the same without the operation log", Aim("≥", 0.85)),
}


class Pages(http.server.BaseHTTPRequestHandler):
    """Gives the page that the cursor of a request names, read from its file."""

    protocol_version = "HTTP/1.1"
    folder: Path
    context: ssl.SSLContext

    def setup(self) -> None:
        self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        cursor = json.loads(self.rfile.read(length))["api_cursor"] or "0"
        body = Path(self.folder, f"{self.path.strip('/')}-{cursor}.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: a line for each request would only cost time."""


def serve(folder: Path, authority: Authority, port) -> None:
    """Serve the pages of `folder` until the process is ended; tells its port."""
    Pages.folder, Pages.context = folder, authority.context()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        port.value = server.server_port
        server.serve_forever()


@contextmanager
def serving(folder: Path, authority: Authority) -> Iterator[str]:
    """The address of a process that serves."""
    fork = multiprocessing.get_context("fork")
    port = fork.Value("i", 0)
    process = fork.Process(target=serve, args=(folder, authority, port), daemon=True)
    process.start()
    waiting = threading.Event()
    try:
        while not port.value:
            waiting.wait(0.05)
        yield f"https://localhost:{port.value}"
    finally:
        process.terminate()
        process.join()


def take_in(bench: Bench, existing: int, ways: list[str]) -> dict:
    """Runs of all ways with so many reports there already: see jobs/intake.py."""
    sizes, place = bench.sizes, bench.regulator(existing)
    folder = Path(tempfile.mkdtemp(prefix="pages-", dir=bench.folder))
    authority = Authority(folder)
    place.database.environment["RECALL_CA_FILE"] = authority.ca_file
    values = sizes.some("rounds", "producers", "pages", "page", "orm")
    with serving(folder, authority) as url:
        return place.run(
            "intake", "run", url=url, folder=str(folder), ways=ways, **values
        )


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    """P13 reads the memory of the same pull."""
    rivals = {rival for name, (rival, *_rest) in RIVALS.items() if name in ids}
    if "P7" in ids:
        rivals.add("floor")  # how far any writer can come
    ways = ["pull", *sorted(rivals)]
    existing = bench.sizes.existing
    taken = bench.once("intake", lambda: take_in(bench, existing, ways))
    sizes = {
        **bench.sizes.some("existing", "producers", "page"),
        "records": taken["records"],
    }
    return [describe(name, taken["runs"], sizes) for name in sorted(ids)]


def describe(name: str, runs: list[dict[str, float]], sizes: dict) -> Result:
    rival, peer, aim = RIVALS[name]
    figures = [Figure("records a second", ratios(runs, "pull", rival), aim=aim)]
    if name == "P7":
        floor = "bare COPY and merge, records a second"
        figures.append(Figure(floor, ratios(runs, "floor", rival)))
    return Result(name, WHAT, peer, runs=runs, figures=figures, sizes=sizes)
