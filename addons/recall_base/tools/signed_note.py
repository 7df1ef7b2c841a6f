# SPDX-License-Identifier: LGPL-3.0-only
"""Signing of checkpoints: text that names a log, its size and its root.

The form is that of a signed note, read by `verify_log.py`; `docs/evidence.md` shows it.
"""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"


def sign_checkpoint(
    origin: str, size: int, root: bytes, facts: Mapping[str, str], seed: bytes
) -> str:
    """Return the signed note of a log.

    :param origin: name of the log, without white space
    :param facts: further lines, name and value
    :param seed: private key, 32 bytes
    """
    lines = [origin, str(size), base64.b64encode(root).decode()]
    lines += [f"{name} {value}" for name, value in facts.items()]
    body = "\n".join(lines) + "\n"
    key = Ed25519PrivateKey.from_private_bytes(seed)
    number = hashlib.sha256(f"{origin}\n".encode() + _ED25519 + public_key(seed))
    signed = base64.b64encode(number.digest()[:4] + key.sign(body.encode())).decode()
    return f"{body}\n\u2014 {origin} {signed}\n"


def public_key(seed: bytes) -> bytes:
    """Return the 32 bytes of the public key."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
