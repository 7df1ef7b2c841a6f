# SPDX-License-Identifier: LGPL-3.0-only
"""Whom a limit of the public search counts as one."""

import importlib.util
import ipaddress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

ADDONS = Path(__file__).parents[2] / "addons"


def load(path):
    """Load a file of an add-on's tools by its path, with no Odoo around."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


network_of = load(ADDONS / "recall_service" / "tools" / "network.py").network_of


@given(st.ip_addresses(v=4))
def test_ipv4_address_is_not_a_network_of_its_own(address):
    assert network_of(str(address)) == str(address)
    assert network_of(f"::ffff:{address}") == str(address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_ipv6_connection_has_many_networks(address, host):
    if address.ipv4_mapped:
        return
    other = ipaddress.IPv6Address(int(address) >> 64 << 64 | host)
    if not other.ipv4_mapped:
        assert network_of(str(address)) == network_of(str(other))
    assert address in ipaddress.ip_network(network_of(str(address)))


@given(st.one_of(st.text(), st.none(), st.integers(), st.binary()))
def test_what_is_no_address_breaks_the_page(text):
    assert isinstance(network_of(text), str)


def test_zone_of_an_address_makes_a_network():
    assert network_of("fe80::1%eth0") == network_of("fe80::2") == "fe80::/64"
