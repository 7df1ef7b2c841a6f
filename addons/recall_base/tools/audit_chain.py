# SPDX-License-Identifier: LGPL-3.0-only
"""The hash chain of the operation log.

An event is hashed over a length-prefixed encoding of its values, so that no two
different events share an encoding, and over the hash of the event before it.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives import hashes

#: Hash before the first event.
EMPTY = "sm3:" + "0" * 64


def encode(values: Iterable[object]) -> bytes:
    """Encode values one by one as ``<length in bytes>:<text>``; None as ``-``."""
    parts = []
    for value in values:
        if value is None:
            parts.append(b"-")
        else:
            text = str(value).encode()
            parts.append(b"%d:%s" % (len(text), text))
    return b"".join(parts)


def link(previous: str, values: Iterable[object]) -> str:
    """Return the hash of an event that follows the event with hash ``previous``."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(previous.encode())
    digest.update(encode(values))
    return "sm3:" + digest.finalize().hex()
