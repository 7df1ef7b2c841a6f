# SPDX-License-Identifier: LGPL-3.0-only
"""Random attacks on an exported operation log; each must be found, with place and kind.

Ordinarily 60 attacks on a log of 5,000 entries, with RECALL_CAMPAIGN=full 1,000 on one
of 100,000. The attacker has everything but the signing key and the checkpoints that
witnesses hold.
"""

import copy
import functools
import json
import os
import random
import subprocess
import sys

import pytest
from tools import signed_note, verify_log

FULL = os.environ.get("RECALL_CAMPAIGN") == "full"
SIZE, ATTACKS = (100_000, 1_000) if FULL else (5_000, 60)
#: Every how many attacks the verifier runs as a program of its own, too.
OUTSIDE = 20
SEED, ORIGIN = bytes(range(32)), "recall.test/log"
KEY = verify_log.key_text(ORIGIN, signed_note.public_key(SEED))
HASH = verify_log.LogHash("sm3")
HEAD = {"log": ORIGIN, "hash": "sm3"}
COLUMNS = (
    "id",
    "time",
    "user_id",
    "address",
    "action",
    "res_model",
    "res_id",
    "detail",
)


@functools.cache
def world():
    """A log, as lines without JSON, and its checkpoints as witnesses hold them."""
    source = random.Random(41047)
    tree, chain = verify_log.Frontier(HASH), verify_log.EMPTY_CHAIN
    lines, notes = [], []
    for sequence in range(1, SIZE + 1):
        entry = make_entry(source, sequence)
        leaf = HASH.leaf(entry)
        tree.append(leaf)
        chain = HASH.chain(chain, leaf)
        lines.append({"sequence": sequence, "chain": chain.hex(), "entry": entry})
        if sequence == SIZE or source.random() < 50 / SIZE:
            facts = {"time": entry["time"], "hash": "sm3", "chain": chain.hex()}
            notes.append(
                signed_note.sign_checkpoint(ORIGIN, sequence, tree.root(), facts, SEED)
            )
    return lines, notes


def make_entry(source, sequence):
    """An event as the server seals it; some columns are empty, some rows are hashes."""
    if source.random() < 0.1:
        ids = [source.randrange(10**6) for _ in range(source.randrange(1, 20))]
        return {
            "kind": "rows",
            "id": str(sequence),
            "table": "recall_vehicle",
            "ids": ",".join(map(str, ids)),
            "hashes": ",".join(f"{source.getrandbits(128):032x}" for _ in ids),
            "time": "2026-01-01 00:00:00",
        }
    entry = {
        "kind": "event",
        "id": str(sequence),
        "time": f"2026-01-01 00:{sequence // 60 % 60:02}:{sequence % 60:02}",
        "user_id": str(source.randrange(2, 50)),
        "address": "203.0.113.7",
        "action": source.choice(["plan.write", "token.issue", "exchange.take_in"]),
        "res_model": "recall.plan",
        "res_id": str(source.randrange(1000)),
        "detail": json.dumps({"count": source.randrange(1000), "说明": "召回"}),
    }
    if source.random() < 0.2:
        del entry["address"]
    return entry


# === ATTACKS: each alters the lines and returns (kinds, first number it touched) === #


def change_column(source, lines):
    """Give a column another value, or empty or fill it."""
    place = source.randrange(len(lines))
    entry = dict(lines[place]["entry"])
    lines[place] = {**lines[place], "entry": entry}
    column = source.choice(COLUMNS)
    if column in entry and source.random() < 0.3:
        del entry[column]
    else:
        entry[column] = entry.get(column, "") + source.choice(" 0x")
    return {"changed"}, place + 1


def delete(source, lines):
    """Delete an entry, with its number or leaving a gap."""
    place = source.randrange(len(lines) - 1)
    del lines[place]
    if source.random() < 0.5:
        return {"missing"}, place + 1
    renumber(lines, place)
    return {"changed"}, place + 1


def insert(source, lines):
    """Insert an entry between two others."""
    place = source.randrange(len(lines))
    entry = make_entry(source, source.randrange(10**9))
    lines.insert(place, {"sequence": place + 1, "chain": "00" * 32, "entry": entry})
    renumber(lines, place)
    return {"changed"}, place + 1


def swap(source, lines):
    """Have two entries exchange their places."""
    one, other = sorted(source.sample(range(len(lines)), 2))
    lines[one] = {**lines[one], "entry": lines[other]["entry"]}
    return {"changed"}, one + 1


def duplicate(source, lines):
    """Repeat an entry, with its number or as the next one."""
    place = source.randrange(len(lines))
    lines.insert(place + 1, dict(lines[place]))
    if source.random() < 0.5:
        return {"repeated"}, place + 1
    renumber(lines, place + 1)
    return {"changed"}, place + 2


def cut(source, lines):
    """Cut the tail off."""
    place = source.randrange(1, len(lines))
    del lines[place:]
    return {"cut"}, place + 1


def lose_entry(source, lines):
    """Empty an entry while its seal stays."""
    place = source.randrange(len(lines))
    lines[place] = {**lines[place], "entry": None}
    return {"missing"}, place + 1


def rewrite(source, lines):
    """Change an entry and compute every chain hash after it again."""
    place = source.randrange(len(lines))
    entry = make_entry(source, source.randrange(10**9))
    lines[place] = {**lines[place], "entry": entry}
    rechain(lines, place)
    return {"rewritten"}, place + 1


def remove_and_rewrite(source, lines):
    """Delete an entry, close the gap and compute the chain again."""
    place = source.randrange(len(lines) - 1)
    del lines[place]
    renumber(lines, place)
    rechain(lines, place)
    return {"rewritten", "cut"}, place + 1


def append(source, lines):
    """Go on with the log past what witnesses know, in the right form."""
    entry = make_entry(source, source.randrange(10**9))
    lines.append({"sequence": len(lines) + 1, "chain": "", "entry": entry})
    rechain(lines, len(lines) - 1)
    return {"uncovered"}, len(lines)


DEEDS = (
    *(change_column, delete, insert, swap, duplicate, cut, lose_entry, rewrite),
    *(remove_and_rewrite, append),
)


def renumber(lines, place):
    for number in range(place, len(lines)):
        lines[number] = {**lines[number], "sequence": number + 1}


def rechain(lines, place):
    chain = bytes.fromhex(lines[place - 1]["chain"]) if place else bytes(32)
    for number in range(place, len(lines)):
        chain = HASH.chain(chain, HASH.leaf(lines[number]["entry"]))
        lines[number] = {**lines[number], "chain": chain.hex()}


# === TESTS === #


def verify(lines):
    """What the verifier says of the lines, against all witnessed checkpoints."""
    texts = (json.dumps(line, ensure_ascii=False) for line in (HEAD, *lines))
    points = verify_log.read_checkpoints("\n".join(world()[1]))
    return verify_log.verify_log(texts, points, [verify_log.Key.parse(KEY)])


def test_untouched_log_is_accused():
    """X-TAMPER: a log that nobody altered agrees with every checkpoint."""
    assert verify(world()[0]) == (None, SIZE)


@pytest.mark.parametrize("number", range(ATTACKS))
def test_random_attack_is_not_found(number, tmp_path):
    """X-TAMPER: found, with the right kind, at the first entry that was touched."""
    source = random.Random(number)
    lines = copy.copy(world()[0])
    kinds, touched = DEEDS[number % len(DEEDS)](source, lines)
    fault, verified = verify(lines)
    assert fault is not None
    assert fault.kind in kinds
    if fault.kind == "rewritten":
        assert fault.sequence <= touched <= fault.until
    elif fault.kind != "cut":
        assert fault.sequence == touched
    assert verified < touched
    if number % OUTSIDE == number // OUTSIDE % len(DEEDS):
        assert run_outside(lines, tmp_path) == (
            1,
            f"entry {fault.sequence}: {fault.kind} (until {fault.until})\n",
        )


def run_outside(lines, folder):
    """Run the file as a program that finds nothing of ours."""
    log, notes = folder / "log.jsonl", folder / "checkpoints.txt"
    log.write_text("".join(f"{json.dumps(line)}\n" for line in (HEAD, *lines)))
    notes.write_text("\n".join(world()[1]))
    words = ("log", log, "--key", KEY, "--checkpoints", notes)
    run = subprocess.run(
        [sys.executable, "-I", verify_log.__file__, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize("number", range(10))
def test_log_set_back_to_an_old_backup_is_not_found(number):
    """X-TAMPER: it agrees with itself and its own checkpoints, not with a witness."""
    lines, notes = world()
    points = verify_log.read_checkpoints("\n".join(notes))
    kept = points[number * (len(points) - 1) // 10]
    keys = [verify_log.Key.parse(KEY)]
    texts = [json.dumps(line) for line in (HEAD, *lines[: kept.size])]
    own = [point for point in points if point.size <= kept.size]
    assert verify_log.verify_log(texts, own, keys) == (None, kept.size)
    witnessed = [*own, points[-1]]
    fault, _verified = verify_log.verify_log(texts, witnessed, keys)
    assert fault == (kept.size + 1, "cut", SIZE)


def test_second_log_under_the_same_key_is_not_found():
    """X-TAMPER: whoever has the key still cannot tell two witnesses two stories."""
    points = verify_log.read_checkpoints("\n".join(world()[1]))
    other = signed_note.sign_checkpoint(
        ORIGIN, points[3].size, bytes(32), points[3].facts, SEED
    )
    fault, _verified = verify_log.verify_log(
        [json.dumps(HEAD)],
        [*points, verify_log.Checkpoint.parse(other)],
        [verify_log.Key.parse(KEY)],
    )
    assert fault == (points[3].size, "split", points[3].size)
