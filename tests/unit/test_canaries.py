# SPDX-License-Identifier: LGPL-3.0-only
"""The search for canaries finds them in every form that it is there for."""

import base64
import io
import json
import sys
import urllib.parse
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "security"))

from canaries import Canaries


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", data)
    return file.getvalue()


FORMS = {
    "plain": lambda data: data,
    "hexadecimal": lambda data: data.hex().encode(),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "percent": lambda data: "".join(f"%{byte:02X}" for byte in data).encode(),
    "JSON": lambda data: "".join(f"\\u{byte:04x}" for byte in data).encode(),
    "ZIP": _zipped,
}


@pytest.mark.parametrize("form", FORMS)
def test_canary_hides_in_a_form(form):
    """X-CRYPTO: an encoded number or address is found like a plain one."""
    canaries = Canaries()
    for name, text in (
        ("number", canaries.phone("number")),
        ("address", canaries.email("address").partition("@")[0]),
    ):
        assert canaries.names_in(FORMS[form](text.encode())) == {name}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_canary_hides_in_base64(before):
    """X-CRYPTO: also where it begins in the middle of a group of characters."""
    canaries = Canaries()
    text = json.dumps({before: canaries.phone("number"), "z": 1}).encode()
    assert canaries.names_in(base64.urlsafe_b64encode(text)) == {"number"}
    assert not canaries.names_in(base64.b64encode(b"13912345678" * 3))


def test_canary_hides_behind_separators():
    """X-CRYPTO: a number in groups is the same number; an address is text in a URL."""
    canaries = Canaries()
    number, address = canaries.phone("number"), canaries.email("address")
    grouped = f"+86 {number[:3]}-{number[3:7]}-{number[7:]}"
    assert canaries.names_in(grouped.encode()) == {"number"}
    assert canaries.names_in(urllib.parse.quote(address).encode()) == {"address"}


def test_table_of_a_find_is_another():
    """X-CRYPTO: what is found in a dump is told with its table."""
    canaries = Canaries()
    number = canaries.phone("number")
    begin = "COPY public.{} (id) FROM stdin;\n{}\n\\.\n"
    dump = begin.format("one", 1) + begin.format("two", number)
    assert canaries.tables_in(dump.encode()) == {("number", "two")}
