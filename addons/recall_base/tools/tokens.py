# SPDX-License-Identifier: LGPL-3.0-only
"""Access tokens of the data interfaces.

A token is `<key id>.<secret>`: the key id finds its record, the secret proves who
asks and is shown once.  Stored is only an HMAC-SM3 of the secret under a key that
lives outside the database, written `<kid>$<hex>`, where `kid` names that key; old
keys stay valid for what was made under them.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

_TOKEN = re.compile(r"(?P<key_id>[0-9a-f]{16})\.(?P<secret>[A-Za-z0-9_-]{43})")
_STORED = re.compile(r"(?P<kid>[A-Za-z0-9._-]{1,32})\$(?P<digest>[0-9a-f]{64})")

# Compared with when there is nothing to compare with, so that an unknown key id
# takes as long as a wrong secret.
_DUMMY_KEY = secrets.token_bytes(32)
_DUMMY_DIGEST = secrets.token_hex(32)

# GB/T 32905-2016 annex A.
_SM3_VECTORS = (
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
)
# GM/T 0042-2015 annex D.
_HMAC_KEY = bytes(range(1, 33))
_HMAC_TEXT = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
_HMAC_DIGEST = "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"


class SelfTestError(Exception):
    """SM3 is missing or computes something else than the standard says."""


class NewToken(NamedTuple):
    """A fresh token: its public key id, its full text, and what to store of it."""

    key_id: str
    token: str
    stored: str


def new_token(keys: Mapping[str, bytes], active: str) -> NewToken:
    """Make a token with a secret of 256 random bits.

    `keys` maps each kid to its HMAC key of 32 bytes; the one named `active` is used.
    Raises KeyError when there is no such key.
    """
    key = keys[active]
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return NewToken(key_id, f"{key_id}.{secret}", f"{active}${digest(secret, key)}")


def split(token: object) -> tuple[str, str] | None:
    """Take a token apart into key id and secret; None for what cannot be a token."""
    if not isinstance(token, str):
        return None
    match = _TOKEN.fullmatch(token)
    return (match["key_id"], match["secret"]) if match else None


def digest(secret: str, key: bytes) -> str:
    """Compute the HMAC-SM3 of a secret as 64 hexadecimal digits."""
    mac = HMAC(key, hashes.SM3())
    mac.update(secret.encode("utf-8", "surrogatepass"))
    return mac.finalize().hex()


def matches(secret: object, stored: object, keys: Mapping[str, bytes]) -> bool:
    """Tell whether `secret` is the one `stored` was made from.

    For an unknown key id call it with `stored` None (and any secret): it does the
    same work and answers False, as it does for a damaged `stored`, for a key that
    is gone and for what is not text.
    """
    match = _STORED.fullmatch(stored) if isinstance(stored, str) else None
    key = keys.get(match["kid"]) if match else None
    known = match is not None and key is not None and isinstance(secret, str)
    expected = match["digest"] if match else _DUMMY_DIGEST
    given = digest(secret if isinstance(secret, str) else "", key or _DUMMY_KEY)
    return hmac.compare_digest(given, expected) and known


def self_test() -> None:
    """Compare SM3 and HMAC-SM3 with the standards' examples.

    Raises SelfTestError when one differs or the machine's OpenSSL lacks SM3.
    """
    try:
        for data, expected in _SM3_VECTORS:
            sm3 = hashes.Hash(hashes.SM3())
            sm3.update(data)
            _expect("SM3", sm3.finalize().hex(), expected)
        _expect("HMAC-SM3", digest(_HMAC_TEXT, _HMAC_KEY), _HMAC_DIGEST)
    except UnsupportedAlgorithm as error:
        raise SelfTestError("SM3 is not offered by this OpenSSL") from error


def _expect(name: str, computed: str, expected: str) -> None:
    if computed != expected:
        raise SelfTestError(f"{name} differs from its standard's example")
