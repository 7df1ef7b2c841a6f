# SPDX-License-Identifier: LGPL-3.0-only
"""P8: the regulator pulls a large producer's records from the enterprise terminal.

The real server with one worker; each page is acknowledged by the next request. By
turns PostgreSQL makes the JSON of as many pages by itself, with masked phones instead
of opened ones: once nothing is marked as delivered, and once each record is, as a
delivery marks it. The marks are made in the half of the table that is not pulled.
"""

import io
import json
import time
import urllib.request

from .frame import Aim, Figure, Result, ratios
from .site import Bench, Place

RECALL_NUMBER = "S2025M0001V"
DEALERS = 1000
PAGE = 5000
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
SELECT = "SELECT * FROM recall_completion WHERE id > %s ORDER BY id LIMIT %s"
MARK = """\
, marked AS (
    UPDATE recall_completion report
       SET delivery_id = 0, handed_out = TRUE, synced_at = now(), first_delivery_id = 0
      FROM page WHERE report.id = page.id)
"""
FLOOR = """\
WITH page AS ({select}){mark}
SELECT json_agg(json_build_object(
           'recallNum', recall_number, 'vehicleVin', vin, 'recallTime', repair_date,
           'repairNum', repair_number, 'dealerName', dealer_name,
           'telNum', phone_masked, 'collectTime', changed_at,
           'recordKind', 'completion', 'recordVersion', version))::text, max(id),
       count(*)
  FROM page
"""


def make_rows(count, producer, keys):
    """Yield reports in the order of `COLUMNS`, as lines of COPY: repaired today."""
    import phone as phones
    import vin

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
            *(keys.seal(phone, context), keys.blind(phone), phones.mask_phone(phone)),
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


def fill(place: Place) -> dict:
    """Confirmed reports by COPY; returns what the regulator needs to ask."""
    import cipher

    access = place.database.shell(SET_UP, page=PAGE)
    keys = cipher.KeyRing.from_file(place.bench.keys)
    rows = make_rows(place.bench.sizes.sync, access.pop("producer"), keys)
    connection = place.connect()
    with connection.cursor() as cursor:
        target = f"recall_completion ({', '.join(COLUMNS)})"
        cursor.copy_expert(f"COPY {target} FROM STDIN", Lines(rows), 2**20)
        cursor.execute("ANALYZE recall_completion")
    connection.close()
    return access


class Terminal:
    """Asks the real server page by page."""

    def __init__(self, url: str, access: dict) -> None:
        self.url, self.access = f"{url}/recall/v1/sync", access
        self.cursor, self.bytes, self.pages = "", 0, []

    def ask(self) -> int:
        """Pull one page; returns its records."""
        message = json.dumps({**self.access, "api_cursor": self.cursor}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url, message, headers)  # noqa: S310
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            body = response.read()
        self.pages.append(time.perf_counter() - started)
        self.bytes += len(body)
        answer = json.loads(body)
        if answer["api_status"] != 200:
            raise RuntimeError(answer)
        self.cursor = answer["next_cursor"]
        return answer["count"]


class Floor:
    """PostgreSQL answers with pages as large, from the one after ``last`` on."""

    def __init__(self, place: Place, mark: str = "", last: int = 0) -> None:
        self.connection, self.last = place.connect(), last
        self.statement = FLOOR.format(select=SELECT, mark=mark)

    def ask(self) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(self.statement, (self.last, PAGE))
            _text, self.last, count = cursor.fetchone()
        return count


def rate(peer: Terminal | Floor, pages: int) -> float:
    """Records a second over so many pages."""
    started = time.perf_counter()
    records = sum(peer.ask() for _page in range(pages))
    return round(records / (time.perf_counter() - started), 1)


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    place = bench.producer("sync")
    access = fill(place)
    half = bench.sizes.sync // 2
    pages = half // PAGE // bench.sizes.rounds
    floor, marks = Floor(place), Floor(place, MARK, half)
    server, runs, kilobytes = place.server(), [], []
    try:
        server.start()
        terminal = Terminal(server.url, access)
        for _round in range(bench.sizes.rounds):
            before = terminal.bytes
            run = {
                "sync": rate(terminal, pages),
                "json_agg": rate(floor, pages),
                "marked": rate(marks, pages),
            }
            seconds = sum(terminal.pages[-pages:])
            kilobytes.append(round((terminal.bytes - before) / 1000 / seconds))
            runs.append(run)
    finally:
        server.stop()
        floor.connection.close()
        marks.connection.close()
    [name] = ids
    return [
        Result(
            name,
            "sync interface of the enterprise terminal, one worker",
            "json_agg of the same pages",
            runs=runs,
            figures=[
                Figure(
                    "records a second",
                    ratios(runs, "sync", "json_agg"),
                    aim=Aim("≥", 0.5),
                ),
                Figure(
                    "records a second, of json_agg that marks them as delivered",
                    ratios(runs, "sync", "marked"),
                    aim=Aim("≥", 0.5),
                ),
                Figure("throughput", tuple(kilobytes), "kB/s", Aim("≥", 5000)),
                Figure("a page", tuple(terminal.pages), "s", Aim("≤", 5, "maximum")),
            ],
            sizes={"records": bench.sizes.sync, "page": PAGE},
            details={"bytes_per_record": round(terminal.bytes / half)},
        )
    ]
