# SPDX-License-Identifier: LGPL-3.0-only
"""Recall plans as filed: real announcements, with made-up VIN lists.

The announcements are facts with their sources (addons/recall_base/demo). No VIN list is
public: VINs are generated with the maker's WMI and a right check digit, and belong to
no vehicle. What an announcement does not print (number, start, dealers, parts) is made
up too; made-up recall numbers have sequences from 9001 on.
"""

import datetime
import itertools
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from stack.settings import ADDONS

from .domain import vin

ANNOUNCEMENTS = ADDONS / "recall_base" / "demo" / "announcements.json"
MIN_VEHICLES = 150
NOT_PRINTED = "所读公告页未载明"
# Words of a producer's name -> its WMI.
WMIS = {
    "小米": "HXM",
    "华晨宝马": "LBV",
    "宝马": "WBA",
    "福特": "1FA",
    "理想": "HLX",
    "本田": "MLH",
    "东风": "LGB",
    "特斯拉": "LRW",
    "奔驰": "W1N",
    "小鹏": "L1N",
    "三菱": "LL6",
    "哈雷": "1HD",
    "大众": "WVW",
}
YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"  # 2010 is A; a cycle of 30 years
REGIONS = ("310115", "110105", "440106", "510104", "420106", "330106")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"

Plan = dict[str, Any]


def make_plans(total: int = 50_000, seed: int = 2021) -> list[Plan]:
    """Plan messages with about ``total`` vehicles in proportion to the real numbers."""
    facts = json.loads(ANNOUNCEMENTS.read_text())["announcements"]
    scale = total / sum(fact["quantity"] for fact in facts)
    serials = itertools.count(1)
    plans = []
    for position, fact in enumerate(facts):
        count = max(MIN_VEHICLES, round(fact["quantity"] * scale))
        rng = random.Random(f"{seed}:{position}")
        plans.append(_make_plan(fact, position, count, serials, rng))
    return plans


def _make_plan(
    fact: dict[str, Any],
    position: int,
    count: int,
    serials: Iterator[int],
    rng: random.Random,
) -> Plan:
    first, last = (_to_date(text) for text in fact["production_range"])
    start = fact["recall_start"] or fact["announced"]
    start_date = _to_date(start) if start else last + datetime.timedelta(days=90)
    start = start_date.isoformat()
    producer = re.split("[、;]", fact["producer"])[0]
    lines = _make_lines(fact, first, last)
    return {
        "producerName": producer,
        "brand": fact["brand"],
        "series": fact["series"],
        "model": "/".join(fact.get("model", [])) or fact["series"],
        "recallNum": fact["recall_number"] or f"S{start[:4]}M{9001 + position}V",
        "recallStartTime": start,
        "announced": _to_date(fact["announced"] or start).isoformat(),
        "numRecall": fact["quantity"],
        "vinRange": fact["vin_range"] or "见车辆识别代号清单",
        "defectDesc": fact["defect"] or NOT_PRINTED,
        "possibleConsequence": fact["consequence"] or NOT_PRINTED,
        "repairMethod": fact["remedy"] or NOT_PRINTED,
        "overTheAir": bool(fact["ota"]),
        "source": "; ".join(
            [fact["source"]] if isinstance(fact["source"], str) else fact["source"]
        ),
        "lines": lines,
        "parts": []
        if fact["ota"]
        else [
            {"partNumber": f"DEMO-{position:02}-{n}", "partName": f"演示零件 {n}"}
            for n in (1, 2)
        ],
        "dealers": _make_dealers(producer),
        "vins": _make_vins(producer, lines, count, serials, rng),
    }


def _to_date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text if len(text) == 10 else f"{text}-01")


def _make_lines(
    fact: dict[str, Any], first: datetime.date, last: datetime.date
) -> list[dict[str, Any]]:
    parts = fact["quantity_parts"]
    if not isinstance(parts, list) or not all("series" in part for part in parts):
        parts = [{"series": fact["series"], "qty": fact["quantity"]}]
    return [
        {
            "brand": fact["brand"],
            "series": part["series"],
            "model": part["series"],
            "productionStart": part.get("prod", [first.isoformat()])[0],
            "productionEnd": part.get("prod", [last.isoformat()])[-1],
            "numRecall": part["qty"],
            "vinRange": "见车辆识别代号清单",
        }
        for part in parts
    ]


def _make_dealers(producer: str) -> list[dict[str, str]]:
    return [
        {
            "dealerName": f"{producer[:4]}演示经销商{n:02}",
            "dealerCode": f"D{n:03}",
            "region": region,
        }
        for n, region in enumerate(REGIONS, start=1)
    ]


def _make_vins(
    producer: str,
    lines: list[dict[str, Any]],
    count: int,
    serials: Iterator[int],
    rng: random.Random,
) -> list[dict[str, Any]]:
    wmi = next(wmi for word, wmi in WMIS.items() if word in producer)
    descriptor = "".join(rng.choice(LETTERS) for _ in range(5))
    made = []
    for index in range(count):
        line = index % len(lines)
        year = int(lines[line]["productionStart"][:4])
        code = YEAR_CODES[(year - 2010) % 30]
        text = vin.make_vin(wmi, descriptor, code, "A", f"{next(serials):06}")
        made.append({"vin": text, "line": line})
    return made
