# SPDX-License-Identifier: LGPL-3.0-only
"""Files of strangers: what is kept of them, and what is not taken."""

import io
import zipfile
import zlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_puller import load

TOOLS = Path(__file__).resolve().parents[2] / "addons" / "recall_service" / "tools"
proof = load(TOOLS / "proof.py")
working_days = load(TOOLS / "working_days.py")

SECRET = b"hidden-in-the-file"


def draw(form, size=(60, 40), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, 128).save(file, form, **options)
    return file.getvalue()


def gps_photo():
    exif = Image.Exif()
    exif[0x010F] = "Secretcamera"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 49.0)
    return draw("JPEG", exif=exif, comment=SECRET)


def png_that_claims(width, height):
    """A few bytes that say they are a picture of that many pixels."""

    def chunk(kind, body):
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body)


def zip_archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("repair-order.jpg", b"\0" * 1_000_000)
    return file.getvalue()


def refusal(data):
    with pytest.raises(proof.ProofError) as caught:
        proof.read_proof(data)
    return caught.value.code


def test_place_and_camera_are_kept_with_a_photo():
    sent = gps_photo()
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    kept = proof.read_proof(sent)
    picture = Image.open(io.BytesIO(kept.data))
    assert (kept.kind, picture.format) == ("image", "JPEG")
    assert not dict(picture.getexif())
    assert "exif" not in picture.info
    assert b"Secretcamera" not in kept.data
    assert SECRET not in kept.data
    assert picture.size == (40, 60), "it stands upright"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_second_file_behind_a_picture_is_kept(form):
    kept = proof.read_proof(draw(form) + SECRET + zip_archive())
    assert SECRET not in kept.data
    assert b"PK\x03\x04" not in kept.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_kind_of_drawing_is_refused(mode):
    assert proof.read_proof(draw("PNG", mode=mode)).kind == "image"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_kind_of_photo_is_refused(mode):
    assert proof.read_proof(draw("JPEG", mode=mode)).kind == "image"


def test_what_was_transparent_turns_black():
    file = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(file, "PNG")
    kept = Image.open(io.BytesIO(proof.read_proof(file.getvalue()).data))
    assert min(kept.getpixel((4, 4))) > 250


def test_large_photo_is_kept_too_large_or_refused():
    kept = proof.read_proof(draw("JPEG", size=(6000, 4000)))
    assert Image.open(io.BytesIO(kept.data)).size == (2560, 1707)


def test_pdf_is_changed():
    data = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
    kept = proof.read_proof(data)
    assert (kept.kind, kept.data) == ("pdf", data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + bytes(8 * 1024 * 1024), "large"),
        (zip_archive(), "type"),
        (b"GIF89a" + bytes(64), "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "type"),
        (b"<html><script>alert(1)</script></html>", "type"),
        (b"MZ" + bytes(64), "type"),
        (b"\0\0\0\x18ftypheic" + bytes(64), "heic"),
        (b"\xff\xd8\xff\xe0nothing", "broken"),
        (b"\x89PNG\r\n\x1a\nnothing", "broken"),
        (draw("PNG")[:40], "broken"),
        (b"%PDF-1.7\nand no end", "broken"),
        (png_that_claims(30_001, 1_000), "pixels"),
        (png_that_claims(10_000, 10_000), "pixels"),
        (png_that_claims(65_000, 65_000), "pixels"),
        (draw("JPEG") + b"\xff\xda" * 32, "pixels"),
    ],
)
def test_bomb_or_lie_is_taken(data, code):
    assert refusal(data) == code


# Pillow warns of some damages and goes on.
@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    st.sampled_from([draw("JPEG"), draw("PNG"), gps_photo(), b"%PDF-1.4 %%EOF"]),
    st.lists(st.tuples(st.integers(3, 2000), st.integers(0, 255)), max_size=8),
    st.binary(max_size=20),
)
@settings(max_examples=300)
def test_damaged_file_raises_something_else(data, damages, tail):
    damaged = bytearray(data)
    for place, value in damages:
        damaged[place % len(damaged)] = value
    try:
        kept = proof.read_proof(bytes(damaged) + tail)
    except proof.ProofError:
        return
    assert kept.kind in ("image", "pdf")


@given(
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.integers(min_value=0, max_value=60),
)
def test_term_of_working_days_ends_wrong(day, count):
    end = working_days.add_working_days(day, count)
    assert end.weekday() < 5
    between = [day + timedelta(days=n + 1) for n in range((end - day).days)]
    assert sum(item.weekday() < 5 for item in between) == count
