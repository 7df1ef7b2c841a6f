# SPDX-License-Identifier: LGPL-3.0-only
"""What a screen shows of an address that was left for one purpose."""


def mask_email(address: str) -> str:
    """Hide an e-mail address: owner@example.com becomes o***@e***.com."""
    name, _, domain = address.partition("@")
    place, _, top = domain.rpartition(".")
    return f"{name[:1]}***@{place[:1]}***.{top}"
