# SPDX-License-Identifier: LGPL-3.0-only
"""Verify an operation log, a checkpoint or a proof, without Odoo and without trust.

Plain Python with the package `cryptography`, and one file whatever its length: anybody
can copy it, read it whole and run it alone.

    python verify_log.py log LOG.jsonl --key KEY --checkpoints FILE [FILE…]
    python verify_log.py proof PROOF.json --key KEY [--checkpoints FILE…]

KEY is the public key as the log's keeper gives it (`name+key id+base64`), FILE holds
signed checkpoints one after the other, from wherever they were witnessed. The answer is
one line; exit code 0: unbroken, 1: it differs, 2: it could not be checked.

The log is a Merkle tree (RFC 9162, 2.1) and a hash chain over the same entries. With H
the hash named by the log, entry n in its canonical form e(n), ‖ for "followed by":

    leaf(n)  = H(0x00 ‖ e(n))          node  = H(0x01 ‖ left ‖ right)
    chain(0) = 32 zero bytes           chain(n) = H(0x02 ‖ chain(n-1) ‖ leaf(n))

e(n) is JSON with sorted names, no white space, UTF-8; values are strings. A checkpoint
is a signed note: origin, size, root in base64, then lines `name value`, an empty line
and `— origin base64(key id ‖ Ed25519 signature)`.
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHMS = {"sm3": hashes.SM3, "sha256": hashes.SHA256}
#: Chain hash before the first entry.
EMPTY_CHAIN = bytes(32)
#: Hexadecimal digits of SHA-256 by which an entry names the content of a record.
ROW_DIGITS = 32
SIGNATURE_MARK = "\u2014 "
_ED25519 = b"\x01"


class LogError(Exception):
    """What was given cannot be checked; the text is one sentence that says why."""


class Fault(NamedTuple):
    """The first place where a log differs from what was sealed.

    `kind` is one of

    - "changed": the entry is not the one that was sealed under this number
    - "missing": there is no entry with this number, but later ones
    - "repeated": the number was there before
    - "cut": the log ends here, while a checkpoint covers more
    - "rewritten": the entries from `sequence` to `until` agree with each other, but
      not with the signed checkpoint at `until`
    - "uncovered": no checkpoint covers the entries from here on
    - "forged": the checkpoint of this size has no valid signature, or the log names
      another hash than it
    - "split": two signed checkpoints of this size name different logs
    """

    sequence: int
    kind: str
    until: int


# === HASHES === #


class LogHash:
    """The hashes of a log; `name` is one of ALGORITHMS."""

    def __init__(self, name: str):
        if name not in ALGORITHMS:
            raise LogError(f"the hash {name} is not one of {', '.join(ALGORITHMS)}")
        self.name = name
        self._algorithm = ALGORITHMS[name]()

    def digest(self, data: bytes) -> bytes:
        digest = hashes.Hash(self._algorithm)
        digest.update(data)
        return digest.finalize()

    def leaf(self, entry: dict[str, str]) -> bytes:
        return self.digest(b"\x00" + canonical(entry))

    def node(self, left: bytes, right: bytes) -> bytes:
        return self.digest(b"\x01" + left + right)

    def chain(self, previous: bytes, leaf: bytes) -> bytes:
        return self.digest(b"\x02" + previous + leaf)


def canonical(entry: dict[str, str]) -> bytes:
    """Encode an entry so that no two different ones have the same bytes."""
    return json.dumps(
        entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


class Frontier:
    """The roots of the complete subtrees that a growing tree consists of."""

    def __init__(self, log_hash: LogHash, size: int = 0, roots: Iterable[bytes] = ()):
        self._hash = log_hash
        self.size = size
        self.roots = [*roots]

    def append(self, leaf: bytes) -> None:
        """Add a leaf: each trailing one bit of the size is a subtree to join with."""
        size, root = self.size, leaf
        while size & 1:
            root = self._hash.node(self.roots.pop(), root)
            size >>= 1
        self.roots.append(root)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree (RFC 9162, 2.1.1)."""
        if not self.roots:
            return self._hash.digest(b"")
        *others, root = self.roots
        for left in reversed(others):
            root = self._hash.node(left, root)
        return root


# === CHECKPOINTS === #


class Key(NamedTuple):
    """A public key and the name of the log that signs with it."""

    name: str
    number: bytes
    public: Ed25519PublicKey

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Read `name+key id+base64(01 ‖ public key)`; raises LogError."""
        try:
            name, number, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            key = cls(name, bytes.fromhex(number), load_public_key(raw))
        except (ValueError, binascii.Error) as error:
            raise LogError("the public key is not name+key id+base64") from error
        if key.number != key_number(name, raw):
            raise LogError("the public key and its key id do not belong together")
        return key


def load_public_key(raw: bytes) -> Ed25519PublicKey:
    if raw[:1] != _ED25519:
        raise ValueError("not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(raw[1:])


def key_number(name: str, raw: bytes) -> bytes:
    """Return the four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]


def key_text(name: str, public: bytes) -> str:
    """Return the public key of 32 bytes as text, for `Key.parse`."""
    raw = _ED25519 + public
    return f"{name}+{key_number(name, raw).hex()}+{base64.b64encode(raw).decode()}"


class Checkpoint(NamedTuple):
    """A signed statement: the log `origin` had `size` entries and this root then."""

    origin: str
    size: int
    root: bytes
    facts: dict[str, str]
    body: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a signed note; raises LogError. Its signature is not checked yet."""
        try:
            body, below = text.split("\n\n")
            origin, size, root, *others = body.split("\n")
            return cls(
                origin,
                _read_size(size),
                base64.b64decode(root, validate=True),
                dict(line.split(" ", 1) for line in others),
                body.encode() + b"\n",
                tuple(map(_read_signature, below.removesuffix("\n").split("\n"))),
            )
        except (ValueError, binascii.Error) as error:
            raise LogError("this is no checkpoint: see the form of a note") from error

    def is_signed_by(self, keys: Iterable[Key]) -> bool:
        """Whether one of the keys signed it."""
        for name, signature in self.signatures:
            for key in keys:
                if (name, signature[:4]) == (key.name, key.number):
                    try:
                        key.public.verify(signature[4:], self.body)
                        return name == self.origin
                    except InvalidSignature:
                        continue
        return False


def _read_size(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or str(int(text)) != text:
        raise ValueError("a size is a number without leading zeros")
    return int(text)


def _read_signature(line: str) -> tuple[str, bytes]:
    if not line.startswith(SIGNATURE_MARK):
        raise ValueError("no signature line")
    name, encoded = line.removeprefix(SIGNATURE_MARK).rsplit(" ", 1)
    return name, base64.b64decode(encoded, validate=True)


def read_checkpoints(text: str) -> list[Checkpoint]:
    """Read notes that follow one another, an empty line between; raises LogError."""
    notes, lines = [], []
    for line in text.split("\n"):
        if not line and lines and lines[-1].startswith(SIGNATURE_MARK):
            notes.append(Checkpoint.parse("\n".join(lines) + "\n"))
            lines = []
        elif line or lines:
            lines.append(line)
    if lines:
        notes.append(Checkpoint.parse("\n".join(lines)))
    return notes


def check_witnessed(
    checkpoints: Iterable[Checkpoint], keys: Sequence[Key]
) -> tuple[dict[int, Checkpoint], Fault | None]:
    """Order checkpoints by size; the fault is a forged one or two that contradict."""
    known: dict[int, Checkpoint] = {}
    for point in sorted(checkpoints, key=lambda point: point.size):
        if not point.is_signed_by(keys):
            return known, Fault(point.size, "forged", point.size)
        if known.setdefault(point.size, point).root != point.root:
            return known, Fault(point.size, "split", point.size)
    return known, None


# === THE LOG === #


class Walk:
    """A walk through a log from its first entry; `feed` each, then `finish`.

    `covered` is the size up to which all agreed with a checkpoint. `state` is the walk
    as JSON-able values, from which it can be taken up again.
    """

    def __init__(self, log_hash: LogHash, checkpoints: dict[int, Checkpoint]):
        self._hash = log_hash
        self._checkpoints = checkpoints
        self._tree = Frontier(log_hash)
        self._chain = EMPTY_CHAIN
        self.covered = 0

    @property
    def size(self) -> int:
        return self._tree.size

    @property
    def state(self) -> dict:
        roots = [root.hex() for root in self._tree.roots]
        return {
            "size": self.size,
            "roots": roots,
            "chain": self._chain.hex(),
            "covered": self.covered,
        }

    def resume(self, state: dict) -> None:
        roots = map(bytes.fromhex, state["roots"])
        self._tree = Frontier(self._hash, state["size"], roots)
        self._chain = bytes.fromhex(state["chain"])
        self.covered = state["covered"]

    def feed(
        self, sequence: int, chain: bytes, entry: dict[str, str] | None
    ) -> Fault | None:
        """Take the next entry; None for one that is gone while its seal is there."""
        expected = self.size + 1
        if sequence < expected:
            return Fault(sequence, "repeated", sequence)
        if sequence > expected or entry is None:
            return Fault(expected, "missing", expected)
        leaf = self._hash.leaf(entry)
        self._tree.append(leaf)
        self._chain = self._hash.chain(self._chain, leaf)
        if self._chain != chain:
            return Fault(sequence, "changed", sequence)
        return self._compare(sequence)

    def _compare(self, sequence: int) -> Fault | None:
        point = self._checkpoints.get(sequence)
        if point is None:
            return None
        if point.root != self._tree.root():
            return Fault(self.covered + 1, "rewritten", sequence)
        self.covered = sequence
        return None

    def finish(self) -> Fault | None:
        """Tell what is wrong with the end of the log."""
        last = max(self._checkpoints, default=0)
        if last > self.size:
            return Fault(self.size + 1, "cut", last)
        if self.covered < self.size:
            return Fault(self.covered + 1, "uncovered", self.size)
        return None


def verify_log(
    lines: Iterable[str], checkpoints: Iterable[Checkpoint], keys: Sequence[Key]
) -> tuple[Fault | None, int]:
    """Verify an exported log: a line that names the hash, then one for each entry.

    :returns: the first fault or None, and the number of entries that agreed
    :raises LogError: when a line cannot be read
    """
    known, fault = check_witnessed(checkpoints, keys)
    if fault:
        return fault, 0
    documents = _read_lines(lines)
    head = next(documents, {})
    newest = known.get(max(known, default=0))
    if newest and newest.facts.get("hash") != head.get("hash"):
        return Fault(newest.size, "forged", newest.size), 0
    walk = Walk(LogHash(str(head.get("hash"))), known)
    for line in documents:
        try:
            chain = bytes.fromhex(line["chain"])
            fault = walk.feed(line["sequence"], chain, line["entry"])
        except (KeyError, TypeError, ValueError) as error:
            raise LogError(f"the line after entry {walk.size} is no entry") from error
        if fault:
            return fault, fault.sequence - 1
    return walk.finish(), walk.covered


def _read_lines(lines: Iterable[str]) -> Iterator[dict]:
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise LogError(f"line {number} is no JSON") from error


# === PROOFS === #


def is_included(
    log_hash: LogHash, leaf: bytes, index: int, point: Checkpoint, path: list[bytes]
) -> bool:
    """Whether the leaf is number `index` (from 0) of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < point.size:
        return False
    place, last, root = index, point.size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            root = log_hash.node(sibling, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = log_hash.node(root, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and root == point.root


def is_consistent(
    log_hash: LogHash, older: Checkpoint, newer: Checkpoint, path: list[bytes]
) -> bool:
    """Whether the newer log only added to the older one (RFC 9162, 2.1.4.2)."""
    if older.size == newer.size:
        return not path and older.root == newer.root
    if not 0 < older.size < newer.size or not path:
        return older.size == 0 and not path
    place, last = older.size - 1, newer.size - 1
    if older.size & (older.size - 1) == 0:
        path = [older.root, *path]
    while place & 1:
        place, last = place >> 1, last >> 1
    old, new = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = log_hash.node(sibling, old), log_hash.node(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = log_hash.node(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == older.root and new == newer.root


def verify_proof(proof: dict, keys: Sequence[Key]) -> str:
    """Check a proof file; returns what it shows as one sentence, raises LogError."""
    try:
        log_hash = LogHash(proof["hash"])
        points = [Checkpoint.parse(text) for text in proof["checkpoints"]]
        path = [bytes.fromhex(text) for text in proof["path"]]
        entry = proof.get("entry")
        index = proof.get("sequence", 0) - 1
    except (KeyError, TypeError, ValueError) as error:
        raise LogError("this is no proof: see docs/evidence.md") from error
    if not points or not all(point.is_signed_by(keys) for point in points):
        raise LogError("a checkpoint of the proof is not signed by this key")
    if entry is None:
        older, newer = points[0], points[-1]
        if not is_consistent(log_hash, older, newer, path):
            raise LogError("the log at the newer checkpoint is not the older one grown")
        return f"the log of {newer.size} entries begins with the one of {older.size}"
    if not is_included(log_hash, log_hash.leaf(entry), index, points[-1], path):
        raise LogError(f"the entry is not number {index + 1} of the log")
    if "row" in proof and not holds_row(entry, proof["row"]):
        raise LogError("the entry was not made for this content of the record")
    return f"the entry is number {index + 1} of the log of {points[-1].size} entries"


def holds_row(entry: dict[str, str], row: dict[str, str]) -> bool:
    """Whether an entry of kind "rows" lists the record `id` with the content `text`."""
    ids, found = entry.get("ids", "").split(","), entry.get("hashes", "").split(",")
    if row["id"] not in ids or len(ids) != len(found):
        return False
    digest = hashlib.sha256(row["text"].encode()).hexdigest()
    return found[ids.index(row["id"])] == digest[:ROW_DIGITS]


# === PROGRAM === #


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what the command line names and say so in one line."""
    parser = argparse.ArgumentParser(description="Verify an operation log or a proof.")
    parser.add_argument("what", choices=("log", "proof"))
    parser.add_argument("file", help="exported log (JSON lines), or proof (JSON)")
    parser.add_argument("--key", action="append", required=True)
    parser.add_argument("--checkpoints", nargs="+", default=[], metavar="FILE")
    chosen = parser.parse_args(arguments)
    try:
        keys = [*map(Key.parse, chosen.key)]
        points = _read_files(chosen.checkpoints)
        if chosen.what == "proof":
            return _say(_check_proof(Path(chosen.file), points, keys))
        if not points:
            raise LogError("a log is verified against checkpoints: name their files")
        with open(chosen.file, encoding="utf-8") as lines:
            fault, size = verify_log(lines, points, keys)
    except (LogError, OSError, UnicodeDecodeError) as error:
        return _say(f"not verified: {error}", 2)
    if fault:
        return _say(f"entry {fault.sequence}: {fault.kind} (until {fault.until})", 1)
    return _say(f"unbroken: {size} entries agree with their checkpoints")


def _read_files(paths: Iterable[str]) -> list[Checkpoint]:
    texts = (Path(path).read_text(encoding="utf-8") for path in paths)
    return [point for text in texts for point in read_checkpoints(text)]


def _check_proof(path: Path, points: list[Checkpoint], keys: Sequence[Key]) -> str:
    try:
        proof = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LogError(f"{path} is no JSON") from error
    sentence = verify_proof(proof, keys)
    own = Checkpoint.parse(proof["checkpoints"][-1])
    _known, fault = check_witnessed([own, *points], keys)
    if fault:
        raise LogError(f"the checkpoint of size {fault.until} is {fault.kind}")
    return sentence


def _say(sentence: str, code: int = 0) -> int:
    sys.stdout.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
