# SPDX-License-Identifier: LGPL-3.0-only
"""Whom a limit counts as one: the network that a request came from."""

import ipaddress

#: A connection gets a whole IPv6 network of this size to choose addresses from.
IPV6_PREFIX = 64


def network_of(address: object) -> str:
    """Return the network of an address: IPv4 as it is, IPv6 its first 64 bits.

    An IPv4 address written as IPv6 is that IPv4 address. What is no address, which is
    a fault of the server before us, counts as one network: "".
    """
    try:
        found = ipaddress.ip_address(str(address))
    except ValueError:
        return ""
    if found.version == 6:
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        # Without the zone: fe80::1%eth0 is of the network fe80::/64.
        return str(ipaddress.IPv6Network((int(found), IPV6_PREFIX), strict=False))
    return str(found)
