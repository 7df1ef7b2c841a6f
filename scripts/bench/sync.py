# SPDX-License-Identifier: LGPL-3.0-only
"""How fast the regulator gets a large producer's records, and what memory that needs.

    N=1000000 .local/venv/bin/python scripts/bench/sync.py

Fills a fresh database with N confirmed reports by COPY, starts the real server with one
worker, and pulls all of them page by page, each acknowledged by the next request. The
floor of the same machine in the same run: PostgreSQL making the JSON of as many pages
by itself, with masked phones instead of opened ones and nothing marked as delivered.

Variables: N (100000), PAGE (5000), DATABASE (bench_sync), TEMPLATE (a database with
recall_enterprise to copy instead of making one), PORT (18069), KEEP (1 leaves the
database), PLAIN (1 also asks for a plain answer, first of all).
"""

import io
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent / "addons" / "recall_base" / "tools")]

import cipher  # noqa: E402
import key_file  # noqa: E402
import vin  # noqa: E402
from stack.cluster import Cluster  # noqa: E402
from stack.database import Database  # noqa: E402
from stack.odoo_server import OdooServer  # noqa: E402

RECALL_NUMBER = "S2025M0001V"
DEALERS = 1000
SET_UP = """\
producer = env["recall.producer"].create({"name": "Bench", "auto_confirm": False})
interface = env["recall.interface"].create(
    {"name": "Bench", "producer_id": producer.id, "page_size": values["page"]}
)
_token, secret = env["recall.token"].issue(
    {"name": "Bench", "purpose": "sync", "producer_id": producer.id}
)
result = {"producer": producer.id, "api_cfg": interface.api_cfg, "api_token": secret}
"""
COLUMNS = (
    *("state", "producer_id", "recall_number", "vin", "repair_date", "repair_number"),
    *("dealer_name", "phone_sealed", "phone_digest", "phone_masked", "record_key"),
    *("version", "confirmed_at", "changed_at", "create_date"),
)
FLOOR = """\
SELECT json_agg(json_build_object(
           'recallNum', recall_number, 'vehicleVin', vin, 'recallTime', repair_date,
           'repairNum', repair_number, 'dealerName', dealer_name,
           'telNum', phone_masked, 'collectTime', changed_at,
           'recordKind', 'completion', 'recordVersion', version))::text, max(id)
  FROM (SELECT * FROM recall_completion WHERE id > %s ORDER BY id LIMIT %s) page
"""


def make_rows(count, producer, keys):
    """Yield reports in the order of `COLUMNS`, as lines of COPY: repaired today."""
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    for number in range(count):
        plant, serial = divmod(number, 1_000_000)
        text = vin.make_vin("LTZ", "AA11B", "S", vin.ALPHABET[plant], f"{serial:06}")
        repair, phone = f"RO-2025-{number:08}", f"138{number * 7919 % 10**8:08}"
        context = f"recall.completion:phone:{RECALL_NUMBER}|{text}|{repair}"
        values = (
            *("confirmed", producer, RECALL_NUMBER, text),
            now[:10],
            *(repair, f"第{number % DEALERS + 1}汽车销售服务有限公司"),
            *(keys.seal(phone, context), keys.blind(phone), cipher.mask_phone(phone)),
            *(f"DMS-{number}", 1, now, now, now),
        )
        yield "\t".join(map(str, values)) + "\n"


class Lines(io.TextIOBase):
    """A readable file of lines that are made while it is read."""

    def __init__(self, lines):
        self._lines = lines

    def read(self, size=-1):
        pieces, length = [], 0
        for line in self._lines:
            pieces.append(line)
            length += len(line)
            if length >= size:
                break
        return "".join(pieces)


def fill(connection, rows):
    with connection.cursor() as cursor:
        target = f"recall_completion ({', '.join(COLUMNS)})"
        cursor.copy_expert(f"COPY {target} FROM STDIN", Lines(rows), 2**20)
        cursor.execute("ANALYZE recall_completion")


def ask(url, message):
    """Send a request; returns the answer, its size and the seconds it took."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(message).encode(), headers)  # noqa: S310
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        body = response.read()
    seconds = time.perf_counter() - started
    answer = json.loads(body)
    assert answer["api_status"] == 200, answer  # noqa: S101
    return answer, len(body), seconds


def read_memory(group):
    """Resident kB of each process of the server's process group."""
    sizes = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            status = (entry / "status").read_text()
        except OSError:
            continue
        if int(fields[2]) == group and "VmRSS" in status:
            sizes[entry.name] = int(status.split("VmRSS:")[1].split()[0])
    return sizes


def measure_floor(connection, page, pages):
    seconds, last = [], 0
    with connection.cursor() as cursor:
        for _ in range(min(pages, 20)):
            started = time.perf_counter()
            cursor.execute(FLOOR, (last, page))
            text, found = cursor.fetchone()
            seconds.append(time.perf_counter() - started)
            if text is None:
                break
            last = found
    return statistics.median(seconds)


def pull(server, message):
    """Pull all pages; returns records, sizes, seconds and the growth in kB."""
    url = f"{server.url}/recall/v1/sync"
    cursor, records, sizes, seconds, memory = "", 0, [], [], {}
    growth = 0
    while True:
        answer, size, took = ask(url, {**message, "api_cursor": cursor})
        for process, used in read_memory(server.pid).items():
            # What the worker has after its first page is what it needs to work at all.
            growth = max(growth, used - memory.setdefault(process, used))
        if not answer["records"]:
            return records, sizes, seconds, growth
        cursor = answer["next_cursor"]
        records += answer["count"]
        sizes.append(size)
        seconds.append(took)


def run(database, keys_path):
    count, page = (
        int(os.environ.get("N", "100000")),
        int(os.environ.get("PAGE", "5000")),
    )
    access = database.shell(SET_UP, page=page)
    connection = database.cluster.connect(database.name)
    keys = cipher.KeyRing.from_file(keys_path)
    fill(connection, make_rows(count, access.pop("producer"), keys))
    port = int(os.environ.get("PORT", "18069"))
    server = OdooServer(
        "bench/sync",
        database.cluster,
        database.name,
        (port, port + 1),
        workers=1,
        cron_threads=0,
        environment=database.environment,
    )
    server.start()
    try:
        plain = None
        if os.environ.get("PLAIN"):
            plain = ask(f"{server.url}/recall/v1/sync", access)
        records, sizes, seconds, growth = pull(server, access)
    finally:
        server.stop()
    assert records == count, records  # noqa: S101
    report = {
        "records": records,
        "pages": len(sizes),
        "page_seconds_p50": round(statistics.median(seconds), 3),
        "page_seconds_max": round(max(seconds), 3),
        "kB_per_s": round(sum(sizes) / 1000 / sum(seconds)),
        "kB_per_page": round(sizes[0] / 1000),
        "growth_MB": round(growth / 1024, 1),
        "floor_page_seconds_p50": round(measure_floor(connection, page, len(sizes)), 3),
    }
    if plain:
        report |= {
            "plain_records": plain[0]["count"],
            "plain_seconds": round(plain[2], 2),
        }
    return report


def main():
    cluster = Cluster()
    cluster.start()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.json")
        key_file.generate_key_file(keys)
        name = os.environ.get("DATABASE", "bench_sync")
        database = Database(cluster, name, environment={cipher.ENVIRONMENT: str(keys)})
        template = os.environ.get("TEMPLATE")
        try:
            if template:
                database.copy_from(template)
            else:
                database.make(["recall_enterprise"])
            report = run(database, keys)
        finally:
            if not os.environ.get("KEEP"):
                database.drop()
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
