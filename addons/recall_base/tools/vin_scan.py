# SPDX-License-Identifier: LGPL-3.0-only
"""Find the VIN in what a scanner, a camera or a person brings.

Codes on vehicles hold more than the VIN: a data identifier before it ("I" of the bar
code on the door frame), an address of the maker around it (QR code), or its parts set
apart by blanks.
"""

import re
import unicodedata
from collections.abc import Callable

LENGTH = 17

#: A QR code holds up to 4,296 characters; more is no code of a vehicle.
SCAN_LIMIT = 4296
# Blanks and dashes by which people and papers set a VIN apart.
_GAPS = re.compile(r"[\s\u200b\ufeff‐-―_-]+")
_RUN = re.compile(r"[0-9A-Z]+")
# A VIN after a data identifier ("I") or a word ("VIN") without a gap between.
_PREFIX_LIMIT = 3
_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def find_vin(text: object, is_vin: Callable[[str], bool]) -> str:
    """Return the VIN a text holds, else the text as it would be typed.

    Full-width letters become plain ones, small ones capitals; blanks and dashes go.
    Where the text holds no VIN, or several, nothing is guessed: what comes back is for
    `tools.vin.check_vin` to judge.

    :param is_vin: `tools.vin.is_vin`
    """
    if not isinstance(text, str):
        return ""
    shown = unicodedata.normalize("NFKC", text[:SCAN_LIMIT]).translate(_CAPITALS)
    typed = _GAPS.sub("", shown)
    if is_vin(typed):
        return typed
    held = {run[-LENGTH:] for run in _RUN.findall(shown) if _may_end_in_vin(run)}
    vins = list(filter(is_vin, held))
    return vins[0] if len(vins) == 1 else typed


def _may_end_in_vin(run: str) -> bool:
    return LENGTH <= len(run) <= LENGTH + _PREFIX_LIMIT
