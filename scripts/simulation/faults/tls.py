# SPDX-License-Identifier: LGPL-3.0-only
"""Certificates that prove nothing, and TLS as it must no longer be spoken."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from itertools import product

from ..certificates import DAY, Authority
from ..fleet import ADDRESS, Fault
from . import Grounds

AGES = [
    *(timedelta(seconds=number) for number in (1, 10, 60, 600, 3600, 7200, 43200)),
    *(DAY * number for number in (1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730, 3650)),
    DAY * 9000,
]
WRONG_NAMES = (
    *("localhost", "127.0.0.2", "127.0.0.10", "10.0.0.1", "0.0.0.0", "::1"),  # noqa: S104
    *("::ffff:127.0.0.1", "example.cn", "recall.example.cn", "*.example.cn"),
    *("*", "*.0.0.1", "127.0.0.*", "127.0.0.1.example.cn", "127-0-0-1.example.cn"),
    *("127.0.0.1.", "xn--fiqs8s", "fleet001", "regulator.example.cn", "255.0.0.1"),
)
#: Suites of TLS 1.0 and 1.1.
OLD_SUITES = (
    *("ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "AECDH-AES256-SHA"),
    *("AECDH-AES128-SHA", "ADH-AES128-SHA", "ECDHE-ECDSA-NULL-SHA"),
    *("AES128-SHA", "AES256-SHA", "ALL", "DEFAULT"),
)


def expired(grounds: Grounds) -> list[Fault]:
    """Certificates that ended a second to 25 years ago, or have not begun."""
    now = datetime.now(UTC)
    issue = grounds.authority.context
    return [
        *(
            Fault(f"ended {age} ago", {"tls"}, context=issue(ADDRESS, end=now - age))
            for age in AGES
        ),
        *(
            Fault(
                f"begins in {age}",
                {"tls"},
                context=issue(ADDRESS, start=now + age, end=now + age + 30 * DAY),
            )
            for age in (timedelta(hours=1), DAY, 365 * DAY)
        ),
    ]


def unknown_authority(grounds: Grounds) -> list[Fault]:
    """Self-signed certificates, and those of an authority nobody knows."""
    folder = grounds.folder / "stranger"
    folder.mkdir(exist_ok=True)
    stranger = Authority(folder)
    names = [(ADDRESS,), (ADDRESS, "localhost"), ("localhost", ADDRESS)]
    ends = [datetime.now(UTC) + DAY * days for days in (1, 30, 397, 3650)]
    return [
        Fault(
            f"{'self-signed' if own else 'stranger'} for {', '.join(told)} to {end:%F}",
            {"tls"},
            context=stranger.context(*told, end=end, self_signed=own),
        )
        for own, told, end in product((True, False), names, ends)
    ]


def wrong_host(grounds: Grounds) -> list[Fault]:
    """Certificates of the right authority, made out for somebody else."""
    return [
        Fault(name, {"tls"}, context=grounds.authority.context(name))
        for name in WRONG_NAMES
    ]


def old_protocol(grounds: Grounds) -> list[Fault]:
    """TLS 1.0 and 1.1 only, with each of their suites."""
    versions = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    return [
        Fault(
            f"{version.name} with {suite}",
            {"tls", "reset"},
            context=_old_context(grounds.authority, version, suite),
        )
        for version, suite in product(versions, OLD_SUITES)
    ]


def _old_context(
    authority: Authority, version: ssl.TLSVersion, suite: str
) -> ssl.SSLContext:
    context = authority.context(ADDRESS)
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context
