# SPDX-License-Identifier: LGPL-3.0-only
from .tools import cipher, tokens


def post_load():
    """Refuse to start where SM3 or SM4 compute something else than their standards."""
    cipher.self_test()
    tokens.self_test()
