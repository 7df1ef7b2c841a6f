# SPDX-License-Identifier: LGPL-3.0-only
"""The disk under the store of files and the sessions is full."""

import base64
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from hard_days import HardDays
from simulation.web_client import WebClient, WebError
from small_disk import SmallDisk, small_disk
from stack.settings import DATA
from stack.stack import Site
from supervisor import wait_for
from workshop import Workshop, insist

FILES_MB = 16
REFUSED = (requests.HTTPError, WebError)
OPEN_DATA = "recall_service.ir_cron_open_data"
MADE = "SELECT name, sha256 FROM recall_open_data"
FORGET = "DELETE FROM recall_open_data RETURNING id"
FAILURES = """
SELECT failure_count FROM ir_cron
 WHERE id = (SELECT res_id FROM ir_model_data
              WHERE model = 'ir.cron' AND module || '.' || name = %s)
"""


@contextmanager
def files_on(disk: SmallDisk, site: Site) -> Iterator[None]:
    """A site's files and sessions lie on a disk of their own."""
    store = Path("filestore", site.database.name)
    shutil.copytree(DATA / store, disk.folder / store)
    _restart(site, disk.folder)
    try:
        yield
    finally:
        site.server.stop()
        shutil.copytree(disk.folder / store, DATA / store, dirs_exist_ok=True)
        _restart(site, DATA)


def _restart(site: Site, data: Path) -> None:
    site.server.environment["ODOO_DATA_DIR"] = str(data)
    site.server.start()


def ask_for_exception(client: WebClient, producer: int, photo: bytes) -> int:
    """An engineer asks for an exception, with a photo of the plate."""
    return client.create(
        "recall.vin.exception",
        {
            "vin": "OLD-1987-0001",
            "producer_id": producer,
            "reason": "Built before GB 16735.",
            "document": base64.b64encode(photo).decode(),
            "document_name": "plate.jpg",
        },
    )


def make_open_data(workshop: Workshop) -> list[tuple[str, str]]:
    """Have the files of today made; those that are there, with their digests."""
    workshop.wake("regulator", OPEN_DATA)
    return workshop.ask("regulator", MADE)


def fails(workshop: Workshop) -> bool:
    """Whether the making of files has been tried and failed."""
    assert make_open_data(workshop) == [], "files on a full disk"
    return workshop.ask("regulator", FAILURES, OPEN_DATA) != [(0,)]


def test_full_store_of_files_stops_reports_or_keeps_half_a_file(
    days: HardDays, record_property
):
    """X-FAULT M-RECEIVE S-REPORT: pulls go on; a file is refused, and is taken as soon
    as there is room. No server is started again for it."""
    workshop, site = days.workshop, days.world.stack.regulator
    folder = workshop.stack.cluster.home / "small-files"
    photo = os.urandom(50_000)
    with small_disk(folder, FILES_MB, "root") as disk, files_on(disk, site):
        client = days.world.log_in(site, "engineer")
        [producer] = client.search_read(
            "recall.producer", [("name", "=", days.producer)], ["id"]
        )
        workshop.ask("regulator", FORGET)
        disk.fill()
        try:
            days.day()
            with pytest.raises(REFUSED):
                ask_for_exception(client, producer["id"], photo)
            wait_for(lambda: fails(workshop), lambda: "nobody makes open data")
        finally:
            disk.clear()
        cleared = time.monotonic()
        exception = insist(lambda: ask_for_exception(client, producer["id"], photo))
        wait_for(lambda: bool(make_open_data(workshop)), lambda: "no open data is made")
        record_property("healed_s", round(time.monotonic() - cleared, 1))
        model = "recall.vin.exception"
        [kept] = client.call(model, "read", [exception], ["document"])
        assert base64.b64decode(kept["document"]) == photo
        for name, digest in workshop.ask("regulator", MADE):
            assert hashlib.sha256(download(days, name)).hexdigest() == digest


def download(days: HardDays, name: str) -> bytes:
    """A file of open data, as the public gets it."""
    stack = days.world.stack
    url = f"{stack.regulator.url}/recalls/data/{name}"
    answer = requests.get(url, timeout=30, verify=str(stack.ca_file))
    answer.raise_for_status()
    return answer.content
