# SPDX-License-Identifier: LGPL-3.0-only
"""What a look-up on the public page costs, beside a plain page of Odoo's website (P10).

    .local/venv/bin/python scripts/bench/pages.py

One worker of the real server. In turn, ROUNDS times: the posted VIN, which is answered
by a redirection; the answer it leads to, for a vehicle with a recall and for one
without; the search form; and Odoo's own page /contactus, rendered each time (with a
parameter: without one it comes from a cache). The guard sees visitors of many networks.

Variables: VEHICLES (1000000) and those of turns.py.
"""

import json
from statistics import median

from turns import Place, Turn, measure, number, place  # isort: skip

FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-Forwarded-For": "{address}",
    "X-Forwarded-Host": "127.0.0.1",
}
PLAIN = "/contactus?rendered=1"


def prepare(place: Place, url: str) -> dict[str, Turn]:
    given = place.prepare("pages_job", vehicles=number("VEHICLES", 1_000_000))
    read = {"method": "GET", "headers": {}}
    return {
        "post": place.turn(
            f"{url}/recall",
            [f"vin={vin}" for vin in given["vins"]],
            "/recall/answer/",
            status=303,
            headers=FORM,
        ),
        "found": place.turn(url, given["found"], "o_recall_case_open", **read),
        "none": place.turn(url, given["none"], "o_recall_case_none", **read),
        "form": place.turn(url, ["/recall"], "o_recall_form", **read),
        "contactus": place.turn(url, [PLAIN], "contactus", **read),
    }


def compare(rates: dict[str, list[float]]) -> dict[str, float]:
    """Look-ups, each of a post and a page, for one plain page of Odoo's."""
    seconds = {name: 1 / median(values) for name, values in rates.items()}
    return {
        case: round(seconds["contactus"] / (seconds["post"] + seconds[case]), 2)
        for case in ("found", "none")
    } | {"form": round(seconds["contactus"] / seconds["form"], 2)}


def main() -> None:
    with place("bench_pages") as here:
        server = here.server()
        turns = prepare(here, server.url)
        try:
            server.start()
            rates = measure(turns)
        finally:
            server.stop()
    print(json.dumps({"rates": rates, "ratios": compare(rates)}, indent=2))


if __name__ == "__main__":
    main()
