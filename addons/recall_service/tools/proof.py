# SPDX-License-Identifier: LGPL-3.0-only
"""Files that strangers send as proof: what may be kept of them, and in which form.

The type is told by the content, never by a name.  A picture is drawn anew, so that
nothing of the file itself is kept: no place of the camera, no embedded preview, no
second file behind the picture.  A PDF stays as it came: it is never shown here, only
handed out for saving.
"""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

#: Bytes of a file that is sent.
MAX_BYTES = 8 * 1024 * 1024
#: Pixels of a picture: what the cameras of telephones take.  A drawing format needs
#: all of them in memory, of a photo only a scaled part.
MAX_PHOTO_PIXELS = 80_000_000
MAX_DRAWING_PIXELS = 30_000_000
#: Passes in which a JPEG builds up; each costs as much as a whole picture.
MAX_PASSES = 32
#: Longer side of the picture that is kept: small print of a page can be read.
KEPT_PIXELS = 2560
_QUALITY = 85

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_PDF = b"%PDF-"
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")


class ProofError(Exception):
    """The file is not taken: `code` is one of "empty", "large", "type", "heic",
    "pixels" (too many of them) or "broken"."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of a file: `kind` is "image" (a JPEG) or "pdf"."""

    kind: str
    data: bytes


def read_proof(data: bytes) -> Proof:
    """Judge a file by its content and return what may be kept; raises ProofError."""
    if not data:
        raise ProofError("empty")
    if len(data) > MAX_BYTES:
        raise ProofError("large")
    if data.startswith(_JPEG):
        return _read_picture(data, "JPEG", MAX_PHOTO_PIXELS)
    if data.startswith(_PNG):
        return _read_picture(data, "PNG", MAX_DRAWING_PIXELS)
    if data.startswith(_PDF):
        return _read_pdf(data)
    heic = data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS
    raise ProofError("heic" if heic else "type")


def _read_picture(data: bytes, form: str, most_pixels: int) -> Proof:
    if form == "JPEG" and data.count(b"\xff\xda") > MAX_PASSES:
        raise ProofError("pixels")
    try:
        with Image.open(io.BytesIO(data), formats=[form]) as picture:
            if picture.width * picture.height > most_pixels:
                raise ProofError("pixels")
            return Proof("image", _draw_anew(picture))
    except ProofError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ProofError("pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError, struct.error):
        # What Pillow raises for pictures that are none.
        raise ProofError("broken") from None


def _draw_anew(picture: Image.Image) -> bytes:
    """Return the pixels alone as a new JPEG, upright and no larger than is kept."""
    picture.draft("RGB", (KEPT_PIXELS, KEPT_PIXELS))  # a photo is read scaled down
    picture.thumbnail((KEPT_PIXELS, KEPT_PIXELS), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(picture)
    drawn = io.BytesIO()
    _on_white(upright).save(drawn, "JPEG", quality=_QUALITY, optimize=True)
    return drawn.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency; its `info` stays behind."""
    page = Image.new("RGB", picture.size, "white")
    if picture.has_transparency_data:
        glass = picture.convert("RGBA")
        page.paste(glass, mask=glass.getchannel("A"))
    else:
        page.paste(picture.convert("RGB"))
    return page


def _read_pdf(data: bytes) -> Proof:
    if b"%%EOF" not in data[-1024:]:
        raise ProofError("broken")
    return Proof("pdf", data)
