# SPDX-License-Identifier: LGPL-3.0-only
"""Sealing of what must be read again, keyed digests, and the keys for both.

The keys live in a JSON file outside the database, named by RECALL_KEY_FILE:

    {"token": {kid: 64 hex digits}, "blind": {kid: 64 hex digits},
     "seal": {kid: {"alg": "SM4-GCM" or "AES-256-GCM", "key": hex digits}},
     "sign": {kid: 64 hex digits},
     "active": {"token": kid, "seal": kid, "blind": kid, "sign": kid}}

Every key in it can be used for reading, the active ones make what is new.  The id of a
seal key begins with its year: when the year of the active one is over, a key of the
running year is used instead, if there is one.  "sign" holds the Ed25519 keys that sign
the operation log; a file of an older version lacks it.  `key_file.py` makes the file.
"""

import base64
import contextlib
import functools
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

ENVIRONMENT = "RECALL_KEY_FILE"
SECTIONS = ("token", "seal", "blind")
SIGN = "sign"

MAC_BYTES = 32
_NONCE_BYTES = 12  # what GCM takes without hashing it first
_TAG_BYTES = 16
# Name: cipher and length of its key in bytes.
ALGORITHMS = {"SM4-GCM": (algorithms.SM4, 16), "AES-256-GCM": (algorithms.AES, 32)}
_KID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_YEAR = re.compile(r"(2[0-9]{3})[0-9]{4}-")
_ENVELOPE = re.compile(
    r"(?P<alg>[A-Z0-9-]{1,16})\|(?P<kid>[A-Za-z0-9._-]{1,32})"
    r"\|(?P<nonce>[A-Za-z0-9_-]{16})\|(?P<box>[A-Za-z0-9_-]{22,})"
)


class KeyFileError(Exception):
    """The key file cannot be used; the text is one sentence that says why."""


class SealError(Exception):
    """A sealed text cannot be opened: `code` is "form", "key" or "seal".

    "form": not an envelope of this module; "key": its key is not in the ring;
    "seal": altered, or sealed for another context.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class SelfTestError(Exception):
    """An algorithm is missing or computes something else than its standard says."""


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key for sealing and the algorithm it is for."""

    alg: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of a key file; made by `from_file`, `from_environment`, `from_document`.

    `active` names, for "token", "seal", "blind" and "sign", the key for what is new.
    `token_keys` and `active["token"]` are what `tokens.new_token` takes.
    """

    token_keys: Mapping[str, bytes] = field(repr=False)
    seal_keys: Mapping[str, SealKey]
    blind_keys: Mapping[str, bytes] = field(repr=False)
    active: Mapping[str, str]
    sign_keys: Mapping[str, bytes] = field(repr=False, default_factory=dict)

    @classmethod
    def from_document(cls, document: object) -> "KeyRing":
        """Check a decoded key file; raises KeyFileError naming what is wrong."""
        if not isinstance(document, dict):
            raise KeyFileError("the key file holds no JSON object")
        signs = SIGN in document
        names = (*SECTIONS, SIGN) if signs else SECTIONS
        ring = cls(
            token_keys=_read_section(document, "token", _read_hex),
            seal_keys=_read_section(document, "seal", _read_seal_key),
            blind_keys=_read_section(document, "blind", _read_hex),
            active={name: _read_active(document, name) for name in names},
            sign_keys=_read_section(document, SIGN, _read_hex) if signs else {},
        )
        _refuse_shared_keys(ring)
        return ring

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> "KeyRing":
        """Read a key file, which only its owner may be able to read or write.

        Raises KeyFileError when it is missing, open to others or malformed.
        """
        document = read_document(path)
        try:
            return cls.from_document(document)
        except KeyFileError as error:
            raise KeyFileError(f"{path}: {error}") from None

    @classmethod
    def from_environment(cls) -> "KeyRing":
        """Return the ring of the file named by RECALL_KEY_FILE.

        The file is read again only after it changed, so a rotation takes effect
        without a restart; replace it by renaming.  Raises KeyFileError.
        """
        path = os.environ.get(ENVIRONMENT)
        if not path:
            raise KeyFileError(f"{ENVIRONMENT} is not set: it names the key file")
        try:
            found = os.stat(path)
        except OSError as error:
            raise failed(path, "read", error) from None
        return _cached_ring(path, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)

    def seal(self, plaintext: str, context: str, kid: str | None = None) -> str:
        """Encrypt a text into `alg|kid|nonce|ciphertext` (the last two base64url).

        `context` ("model:field:record key") is bound to it: the text opens nowhere
        else.  `kid` names another key than that of today.  Nonces are random, so one
        key is good for 2**32 texts.
        """
        kid = kid or self.sealing_kid()
        key = self.seal_keys[kid]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        data = plaintext.encode("utf-8", "surrogatepass")
        box = _encrypt(key, nonce, data, _bound(key.alg, kid, context))
        return f"{key.alg}|{kid}|{_encode(nonce)}|{_encode(box)}"

    def open(self, sealed: object, context: str) -> str:
        """Decrypt what `seal` made for the same context; raises SealError."""
        match = _ENVELOPE.fullmatch(sealed) if isinstance(sealed, str) else None
        if match is None:
            raise SealError("form", "this is no sealed text")
        kid = match["kid"]
        key = self.seal_keys.get(kid)
        if key is None or key.alg != match["alg"]:
            raise SealError("key", f"there is no {match['alg']} key {kid}")
        nonce, box = _decode(match["nonce"]), _decode(match["box"])
        try:
            data = _decrypt(key, nonce, box, _bound(key.alg, kid, context))
        except InvalidTag:
            message = "the sealed text was altered or belongs to another record"
            raise SealError("seal", message) from None
        return data.decode("utf-8", "surrogatepass")

    def sealing_kid(self) -> str:
        """Id of the key for what is sealed today.

        The active one, unless its year is over and there is a key of this year.
        """
        active, today = self.active["seal"], date.today()
        if year_of(active) in (None, today.year):
            return active
        return self._newest_of(today.year) or active

    def successor(self, kid: str) -> str:
        """Id of the key that takes over what another one of its year has sealed."""
        year = year_of(kid)
        if year_of(self.active["seal"]) == year:
            return self.active["seal"]
        return self._newest_of(year) or kid

    def _newest_of(self, year: int | None) -> str | None:
        """The key of a year that is last in the file."""
        return next(
            (kid for kid in reversed(self.seal_keys) if year_of(kid) == year), None
        )

    def has_key_of(self, sealed: object) -> bool:
        """Tell whether the key is there that a text was sealed with."""
        return kid_of(sealed) in self.seal_keys

    def signing_key(self) -> bytes:
        """Return the active private key for the log; raises KeyFileError for none."""
        if SIGN not in self.active:
            raise KeyFileError(
                "the key file has no signing key: run python key_file.py rotate "
                f"--sign on the file that {ENVIRONMENT} names"
            )
        return self.sign_keys[self.active[SIGN]]

    def blind(self, text: str) -> str:
        """Compute the keyed SM3 digest (64 hex digits) by which equals are found."""
        return _mac(self.blind_keys[self.active["blind"]], text)

    def blinds(self, text: str) -> list[str]:
        """Compute the digest under every key, the active first: what to search for."""
        active = self.active["blind"]
        others = [key for kid, key in self.blind_keys.items() if kid != active]
        return [_mac(key, text) for key in (self.blind_keys[active], *others)]


@functools.lru_cache(maxsize=1)
def _cached_ring(path: str, *_version: int) -> KeyRing:
    return KeyRing.from_file(path)


def year_of(kid: str) -> int | None:
    """Return the year whose data a key seals; None for an id that names none."""
    match = _YEAR.match(kid)
    return int(match[1]) if match else None


def kid_of(sealed: object) -> str | None:
    """Return the id of the key a text was sealed with; None for what is no envelope."""
    match = _ENVELOPE.fullmatch(sealed) if isinstance(sealed, str) else None
    return match["kid"] if match else None


def _bound(alg: str, kid: str, context: str) -> bytes:
    """Return the additional data of GCM: header and context."""
    if not context:
        raise ValueError("a text is sealed for a context, which must not be empty")
    return f"{alg}|{kid}|{context}".encode("utf-8", "surrogatepass")


def _gcm(key: SealKey, nonce: bytes, tag: bytes | None = None) -> Cipher:
    return Cipher(ALGORITHMS[key.alg][0](key.key), modes.GCM(nonce, tag))


def _encrypt(key: SealKey, nonce: bytes, data: bytes, bound: bytes) -> bytes:
    encryptor = _gcm(key, nonce).encryptor()
    encryptor.authenticate_additional_data(bound)
    return encryptor.update(data) + encryptor.finalize() + encryptor.tag


def _decrypt(key: SealKey, nonce: bytes, box: bytes, bound: bytes) -> bytes:
    decryptor = _gcm(key, nonce, box[-_TAG_BYTES:]).decryptor()
    decryptor.authenticate_additional_data(bound)
    return decryptor.update(box[:-_TAG_BYTES]) + decryptor.finalize()


@functools.lru_cache(maxsize=16)
def _keyed(key: bytes) -> HMAC:
    """Return an HMAC that has taken its key in: a copy takes less than half as long."""
    return HMAC(key, hashes.SM3())


def _mac(key: bytes, text: str) -> str:
    mac = _keyed(key).copy()
    mac.update(text.encode("utf-8", "surrogatepass"))
    return mac.finalize().hex()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Decode base64url without padding, in its one canonical form only."""
    with contextlib.suppress(ValueError):
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _encode(data) == text:
            return data
    raise SealError("form", "this is no sealed text")


def read_document(path: str | os.PathLike) -> object:
    try:
        _refuse_open_file(path, os.stat(path))
        return json.loads(Path(path).read_bytes(), object_pairs_hook=_no_repeats)
    except OSError as error:
        raise failed(path, "read", error) from None
    except (ValueError, RecursionError) as error:
        raise KeyFileError(f"the key file {path} is no JSON: {error}") from None


def failed(path: object, done: str, error: OSError) -> KeyFileError:
    return KeyFileError(f"the key file {path} cannot be {done}: {error.strerror}")


def _refuse_open_file(path: object, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileError(f"the key file {path} is not a regular file")
    if found.st_mode & 0o077:
        raise KeyFileError(f"the key file {path} is open to others: chmod 600 {path}")


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return members


def _read_section(document: dict, name: str, read: Callable) -> Mapping:
    section = document.get(name)
    if not isinstance(section, dict) or not section:
        raise KeyFileError(f'"{name}" must be an object with at least one key')
    if not all(map(_KID.fullmatch, section)):
        raise KeyFileError(f'the key ids of "{name}" must be 1-32 of A-Za-z0-9._-')
    return MappingProxyType(
        {kid: read(f'"{name}", key {kid}', entry) for kid, entry in section.items()}
    )


def _read_seal_key(where: str, entry: object) -> SealKey:
    alg = entry.get("alg") if isinstance(entry, dict) else None
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise KeyFileError(f'{where}: "alg" must be one of {", ".join(ALGORITHMS)}')
    return SealKey(alg, _read_hex(where, entry.get("key"), ALGORITHMS[alg][1]))


def _read_hex(where: str, text: object, size: int = MAC_BYTES) -> bytes:
    """Decode a key; the message never repeats any of it."""
    pattern = f"[0-9a-fA-F]{{{size * 2}}}"
    if not isinstance(text, str) or not re.fullmatch(pattern, text):
        raise KeyFileError(f"{where}: the key must be {size * 2} hexadecimal digits")
    return bytes.fromhex(text)


def _read_active(document: dict, name: str) -> str:
    active = document.get("active")
    kid = active.get(name) if isinstance(active, dict) else None
    if not isinstance(kid, str) or kid not in document[name]:
        raise KeyFileError(f'"active" must name a key of "{name}"')
    return kid


def _refuse_shared_keys(ring: KeyRing) -> None:
    keys = [*ring.token_keys.values(), *ring.blind_keys.values()]
    keys += ring.sign_keys.values()
    keys += [entry.key for entry in ring.seal_keys.values()]
    if len(set(keys)) != len(keys):
        raise KeyFileError("two entries hold the same key; each needs its own")


# GB/T 32905-2016 annex A.
_SM3_VECTORS = (
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
)
# GB/T 32907-2016 annex A: key and plain text are the same.
_SM4_KEY = "0123456789abcdeffedcba9876543210"
_SM4_BOX = "681edf34d206965e86b3e94f536e4246"
# RFC 8998 A.1: key, nonce, additional data, plain text; ciphertext and tag.
_SM4_GCM = (
    _SM4_KEY,
    "00001234567800000000abcd",
    "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    "".join(char * 16 for char in "abcdefea"),
)
_SM4_GCM_BOX = (
    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    "83de3541e4c2b58177e065a9bf7b62ec"
)


def self_test() -> None:
    """Compare SM3, SM4 and SM4-GCM with their standards' examples.

    Raises SelfTestError when one differs or the machine's OpenSSL lacks it.
    """
    try:
        for name, computed, expected in _known_answers():
            if computed.hex() != expected:
                raise SelfTestError(f"{name} differs from its standard's example")
    except UnsupportedAlgorithm as error:
        raise SelfTestError(f"this OpenSSL lacks an algorithm: {error}") from error


def _known_answers() -> Iterator[tuple[str, bytes, str]]:
    for data, expected in _SM3_VECTORS:
        sm3 = hashes.Hash(hashes.SM3())
        sm3.update(data)
        yield "SM3", sm3.finalize(), expected
    block = bytes.fromhex(_SM4_KEY)
    # ECB on the one block of the example: it shows the bare cipher.
    sm4 = Cipher(algorithms.SM4(block), modes.ECB()).encryptor()  # noqa: S305
    yield "SM4", sm4.update(block), _SM4_BOX
    key, nonce, bound, data = map(bytes.fromhex, _SM4_GCM)
    sealed = _encrypt(SealKey("SM4-GCM", key), nonce, data, bound)
    yield "SM4-GCM", sealed, _SM4_GCM_BOX
