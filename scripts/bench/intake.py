# SPDX-License-Identifier: LGPL-3.0-only
"""How fast the regulator takes records in, with millions of them there already.

    EXISTING=10000000 .local/venv/bin/python scripts/bench/intake.py

Makes a database with EXISTING repair reports by set-based SQL, serves prepared pages of
new ones from a TLS server in a process of its own, and pulls them as the scheduled
action does. Told are records a second, the CPU time a record costs in Python and in
PostgreSQL, and the floor of the same machine in the same run: COPY of as many rows that
were sealed and matched beforehand, and their merge in plain SQL. On a machine that
others use too, compare the CPU times with those of the floor.

A regulator installs recall_management and recall_service. With recall_enterprise in the
same database three more indexes hold each report.

Tried and left out, of PostgreSQL's 41 us and Python's 30 us of CPU a record: an index
less (reports by vehicle) saves 1 us; to know the cipher of the phone numbers instead of
making it for each 0.3 us; packing bodies at the fastest level 0.1 us. The statistics'
triggers cost 3 us, the look-up of what stands 4 us, entering a report in the table and
its indexes 12 us: these are places in memory that the processor waits for.

Variables: EXISTING (10000000), PRODUCERS (8), PAGES (5, of each producer), PAGE (5000),
DATABASE (bench_intake; one that is there is used again), TEMPLATE (a database with
recall_management to copy instead of making one), KEEP (1 leaves it), PROFILE (a file
for the profile of the thread that stores).
"""

import http.server
import json
import multiprocessing
import os
import ssl
import sys
import tempfile
import threading
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(SCRIPTS),
    str(SCRIPTS.parent / "addons" / "recall_base" / "tools"),
]

import cipher  # noqa: E402
import key_file  # noqa: E402
from simulation.certificates import Authority  # noqa: E402
from stack.cluster import Cluster  # noqa: E402
from stack.database import Database  # noqa: E402

SCRIPT = """\
import sys
sys.path.insert(0, {!r})
import intake_job
result = intake_job.{}(env, **values)
"""


def number(name, default):
    return int(os.environ.get(name, default))


class Pages(http.server.BaseHTTPRequestHandler):
    """Gives the page that the cursor of a request names, read from its file."""

    protocol_version = "HTTP/1.1"
    folder: Path
    context: ssl.SSLContext

    def setup(self):
        self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        cursor = json.loads(self.rfile.read(length))["api_cursor"] or "0"
        body = Path(self.folder, f"{self.path.strip('/')}-{cursor}.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Nothing: a line for each request would only cost time."""


def serve(folder, authority, port):
    """Serve the pages of `folder` until the process is ended; tells its port."""
    Pages.folder, Pages.context = Path(folder), authority.context()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        port.value = server.server_port
        server.serve_forever()


def start_server(folder, authority):
    """Start the process that serves; returns it and its port."""
    fork = multiprocessing.get_context("fork")
    port = fork.Value("i", 0)
    process = fork.Process(target=serve, args=(folder, authority, port), daemon=True)
    process.start()
    waiting = threading.Event()
    while not port.value:
        waiting.wait(0.05)
    return process, port.value


def measure(database, folder, authority):
    job = SCRIPT.format(str(Path(__file__).parent), "{}")
    database.shell(job.format("fill"), existing=number("EXISTING", 10_000_000))
    process, port = start_server(folder, authority)
    try:
        return database.shell(
            job.format("run"),
            url=f"https://localhost:{port}",
            folder=folder,
            producers=number("PRODUCERS", 8),
            pages=number("PAGES", 5),
            page=number("PAGE", 5000),
            profile=os.environ.get("PROFILE"),
        )
    finally:
        process.terminate()
        process.join()


def main():
    cluster = Cluster()
    cluster.start()
    with tempfile.TemporaryDirectory() as folder:
        keys, authority = Path(folder, "keys.json"), Authority(folder)
        key_file.generate_key_file(keys)
        environment = {
            cipher.ENVIRONMENT: str(keys),
            "RECALL_CA_FILE": authority.ca_file,
            "RECALL_PEER_NETWORKS": "127.0.0.0/8,::1/128",
        }
        name = os.environ.get("DATABASE", "bench_intake")
        database = Database(cluster, name, environment=environment)
        template = os.environ.get("TEMPLATE")
        if not cluster.exists(name):
            if template:
                database.copy_from(template)
            else:
                database.make(["recall_management"])
        try:
            result = measure(database, folder, authority)
        finally:
            if not os.environ.get("KEEP"):
                database.drop()
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
