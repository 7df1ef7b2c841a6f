# SPDX-License-Identifier: LGPL-3.0-only
"""P10: a look-up on the public page beside a plain page of Odoo's website.

One worker. By turns: the posted VIN, which is answered by a redirection; the answer it
leads to, for a vehicle with a recall and for one without; and Odoo's own page
/contactus, rendered each time (with a parameter: without one it comes from a cache).
The guard sees visitors of many networks.
"""

from .frame import Aim, Figure, Result
from .site import Bench, Turn

FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-Forwarded-For": "{address}",
    "X-Forwarded-Host": "127.0.0.1",
}
PLAIN = "/contactus?rendered=1"
CASES = {"found": "o_recall_case_open", "none": "o_recall_case_none"}


def prepare(bench: Bench, url: str) -> dict[str, Turn]:
    given = bench.regulator(bench.sizes.existing).run("access", "pages")
    read = {"method": "GET", "headers": {}}
    posted = [f"vin={vin}" for vin in given["vins"]]
    return {
        "post": bench.turn(
            f"{url}/recall", posted, "/recall/answer/", status=303, headers=FORM
        ),
        "contactus": bench.turn(url, [PLAIN], "contactus", **read),
        **{c: bench.turn(url, given[c], good, **read) for c, good in CASES.items()},
    }


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    server = bench.regulator(bench.sizes.existing).server()
    turns = prepare(bench, server.url)
    try:
        server.start()
        runs = bench.by_turns(turns)
    finally:
        server.stop()
    [name] = ids
    return [
        Result(
            name,
            "public search: the posted VIN and the page it leads to",
            "Odoo's /contactus, rendered",
            runs=runs,
            figures=[
                Figure(case, compare(runs, case), aim=Aim("≥", 1.0)) for case in CASES
            ],
            sizes=bench.sizes.some("existing", "turns", "seconds", "connections"),
        )
    ]


def compare(runs: list[dict[str, float]], case: str) -> tuple[float, ...]:
    """Look-ups, each of a post and a page, for one plain page of Odoo's."""
    return tuple(
        round(1 / (1 / run["post"] + 1 / run[case]) / run["contactus"], 3)
        for run in runs
    )
