# SPDX-License-Identifier: LGPL-3.0-only
"""P11: checking many VINs, beside vininfo on the same ones."""

import time
from collections.abc import Callable
from importlib.util import find_spec

from .frame import Aim, Figure, Result, ratios
from .site import Bench


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    [name] = ids
    result = Result(
        name, "bulk check of VINs", "vininfo", sizes=bench.sizes.some("vins")
    )
    if not find_spec("vininfo"):
        result.missing = "vininfo not installed (RECALL_BENCH=1)"
        return [result]
    texts = make_vins(bench.sizes.vins)
    for _round in range(bench.sizes.rounds):
        result.runs.append({"ours": ours(texts), "vininfo": vininfo(texts)})
    values = ratios(result.runs, "ours", "vininfo")
    result.figures = [Figure("VINs a second", values, aim=Aim("≥", 10))]
    return [result]


def make_vins(count: int) -> list[str]:
    """Every tenth has a wrong check digit."""
    import vin

    made = []
    for number in range(count):
        text = vin.make_vin("LTZ", "AA11B", "S", "A", f"{number % 10**6:06}")
        wrong = "1" if text[8] == "0" else "0"
        made.append(text if number % 10 else f"{text[:8]}{wrong}{text[9:]}")
    return made


def ours(texts: list[str]) -> float:
    import vin

    return rate(texts, lambda: vin.check_many(texts))


def vininfo(texts: list[str]) -> float:
    from vininfo import Vin

    return rate(texts, lambda: [Vin(text).verify_checksum() for text in texts])


def rate(texts: list[str], check: Callable[[], list[bool]]) -> float:
    """VINs a second; both must find the same ones wrong."""
    started = time.perf_counter()
    verdicts = check()
    seconds = time.perf_counter() - started
    if verdicts.count(False) != -(-len(texts) // 10):
        raise RuntimeError(f"{verdicts.count(False)} VINs are told wrong")
    return round(len(texts) / seconds)
