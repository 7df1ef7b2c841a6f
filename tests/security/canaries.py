# SPDX-License-Identifier: LGPL-3.0-only
"""Made-up phone numbers and mail addresses, and every form they could stand in."""

import base64
import io
import itertools
import re
import secrets
import zipfile
from collections.abc import Callable, Iterator

_COPY = re.compile(rb"^COPY public\.(\S+) \(", re.MULTILINE)


class Canaries:
    """Contact data of made-up people, each for one input, by its name.

    They are drawn anew for each run: logs may hold those of an earlier one. All numbers
    of a run begin alike, and all addresses: what holds no such beginning holds none.
    """

    def __init__(self) -> None:
        #: What must be found nowhere -> name of the input that it went in by.
        self.texts: dict[str, str] = {}
        self._digits = f"139{secrets.randbelow(9) + 1}{secrets.randbelow(1000):03}"
        self._letters = _draw_letters()
        self._begins = _forms(self._digits) | _forms(self._letters)

    def phone(self, name: str) -> str:
        """A mobile number of mainland China, for an input."""
        return self._add(name, lambda: f"{self._digits}{secrets.randbelow(10**4):04}")

    def email(self, name: str) -> str:
        """An address for an input; it is known by what stands before the @."""
        letters = self._add(name, lambda: self._letters + _draw_letters())
        return f"{letters}@owner.example"

    def pair(self, name: str) -> tuple[str, str]:
        """A number and an address."""
        return self.phone(name), self.email(name)

    def both(self, name: str) -> str:
        """A number and an address in one text."""
        return "tel {}, {}".format(*self.pair(name))

    def _add(self, name: str, draw: Callable[[], str]) -> str:
        while (text := draw()) in self.texts:
            pass
        self.texts[text] = name
        return text

    def find(self, data: bytes) -> Iterator[tuple[str, int]]:
        """Yield (name of the input, where) of each canary that stands in the data."""
        if not any(begin in data for begin in self._begins):
            return
        for text, name in self.texts.items():
            for form in _forms(text):
                if (place := data.find(form)) >= 0:
                    yield name, place
                    break

    def names_in(self, data: bytes) -> set[str]:
        """Names of the inputs whose canary stands in the data, or in a ZIP of it."""
        return {name for part in _unpacked(data) for name, _place in self.find(part)}

    def tables_in(self, dump: bytes) -> set[tuple[str, str]]:
        """(name of the input, table) of each canary in a plain dump by pg_dump."""
        begins = [(0, "the definitions")]
        begins += [(match.start(), match[1].decode()) for match in _COPY.finditer(dump)]
        begins.append((len(dump), "the end"))
        found = set()
        for (begin, table), (end, _next) in itertools.pairwise(begins):
            found |= {(name, table) for name, _at in self.find(dump[begin:end])}
        return found


def _draw_letters() -> str:
    return "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _n in range(6))


def _forms(text: str) -> set[bytes]:
    """A text as it stands, and as it is written in other systems of signs."""
    plain = text.encode()
    forms = {plain, plain.upper(), plain.hex().encode(), plain.hex().upper().encode()}
    forms |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
    forms.add("".join(f"%{byte:02x}" for byte in plain).encode())
    forms.add("".join(f"%{byte:02X}" for byte in plain).encode())
    forms.add("".join(f"\\u{byte:04x}" for byte in plain).encode())
    forms.add("".join(f"&#{byte};" for byte in plain).encode())
    forms |= {_encoded(plain, shift) for shift in range(3)}
    if text.isdigit():
        groups = (text[:3], text[3:7], text[7:])
        forms |= {mark.join(groups).encode() for mark in ("-", " ", "\\u0020")}
    return forms


def _encoded(plain: bytes, shift: int) -> bytes:
    """What does not depend on its neighbours of a text inside Base64."""
    code = base64.b64encode(b"\0" * shift + plain)
    begin = (shift * 8 + 5) // 6
    return code[begin : (shift + len(plain)) * 8 // 6]


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield archive.read(member)
