# SPDX-License-Identifier: LGPL-3.0-only
"""Files that are more, or something else, than what an upload asks for."""

import io
import time
import zipfile

import pytest
from conftest import TIMEOUT
from PIL import Image
from test_forms import log_in

SECONDS = 5
SCRIPT = b"<script>recallCanary()</script>"
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
#: What nothing that is kept may be, or be handed out as.
ACTIVE = ("image/svg+xml", "text/html", "application/xhtml+xml", "text/xml")


def picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    return file.getvalue()


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def workbook(sheet: str, **more: str) -> bytes:
    members = {"xl/worksheets/sheet1.xml": sheet, "[Content_Types].xml": "<Types/>"}
    members["xl/workbook.xml"] = (
        SHEET.replace("worksheet", "workbook")
        + '<sheets><sheet name="a" sheetId="1"/></sheets></workbook>'
    )
    return packed({name: text.encode() for name, text in (members | more).items()})


def laugh() -> str:
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' if n else '<!ENTITY e0 "ha">'
        for n in range(10)
    )
    return f"<!DOCTYPE x [{entities}]>{SHEET}<sheetData>&e9;</sheetData></worksheet>"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="recallCanary()"><script/></svg>'
XXE = f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{SHEET}&f;</worksheet>'
#: Name of the case -> name of the file and its content.
FILES = {
    "svg": ("photo.svg", SVG),
    "svg as picture": ("photo.jpg", SVG),
    "html": ("page.html", b"<html>" + SCRIPT + b"</html>"),
    "html as table": ("vins.csv", b"<html>" + SCRIPT + b"</html>"),
    "html behind a picture": ("photo.png", picture("PNG") + SCRIPT),
    "html behind a photo": ("photo.jpg", picture("JPEG") + SCRIPT),
    "zip behind a photo": ("photo.jpg", picture("JPEG") + packed({"a.html": SCRIPT})),
    "picture of a script": ("photo.gif", b"GIF89a/*" + b"\0" * 20 + b"*/=1;" + SCRIPT),
    "document and page": ("x.pdf", b"%PDF-1.4\n" + SCRIPT + b"\n%%EOF"),
    "bomb": ("vins.xlsx", workbook(SHEET + " " * (64 << 20) + "</worksheet>")),
    "bomb of texts": (
        "vins.xlsx",
        workbook(SHEET, **{"xl/sharedStrings.xml": "<sst>" + "<si/>" * (16 << 20)}),
    ),
    "entities": ("vins.xlsx", workbook(laugh())),
    "foreign entity": ("vins.xlsx", workbook(XXE)),
    "way out of the folder": ("vins.xlsx", packed({"../../etc/cron.d/x": SCRIPT})),
    "endless sheet": (
        "vins.xlsx",
        workbook(
            f'{SHEET}<dimension ref="A1:XFD1048576"/><sheetData><row r="1">'
            '<c r="XFD1"><v>1</v></c></row></sheetData></worksheet>'
        ),
    ),
    "deep message": ("plans.json", b"[" * 200_000 + b"]" * 200_000),
    "wide message": ("plans.json", b'{"a":[' + b"[]," * 200_000 + b"[]]}"),
    "name of a path": ("../../../../etc/passwd", b"VIN\nx\n"),
    "name of a tag": ('"><img src=x onerror=recallCanary()>.csv', b"VIN\nx\n"),
    "nothing": ("vins.csv", b""),
    "bytes": ("vins.csv", bytes(range(256)) * 400),
}
UPLOADS = ("photo", "import", "plans", "fleet", "own vehicles")
#: What each takes, whatever else the file is: a photo is drawn anew, a PDF is only
#: handed out to be saved, a text is read as a table and shown as text.
TAKEN = {
    "photo": {
        *("html behind a picture", "html behind a photo", "zip behind a photo"),
        "document and page",
    },
}


@pytest.fixture(scope="module")
def upload(site):
    """Sends a file to an upload; returns the answer."""
    _cfg, token = site.held.interfaces["plans"]
    sessions = {name: log_in(site, name) for name in ("partner", "administrator")}

    def send(place: str, file: tuple[str, bytes]):
        login, path, name, data = {
            "photo": (
                None,
                site.held.objection.replace("?", "/photo?"),
                "photo",
                {},
            ),
            "import": (
                "administrator",
                f"/recall/import/{site.held.paths['recall/import']}/file",
                "ufile",
                {},
            ),
            "plans": (None, "/recall/v1/plans/upload", "file", {}),
            "fleet": (
                "partner",
                f"/my/recall/fleet/{site.held.paths['data_user_id']}/upload",
                "file",
                {"mode": "add"},
            ),
            "own vehicles": (
                None,
                site.held.subscriber.removeprefix(site.url),
                "file",
                {"do": "upload", "mode": "add"},
            ),
        }[place]
        session, csrf = sessions[login] if login else (site.session(), "")
        headers = {"Authorization": f"Bearer {token}"} if place == "plans" else {}
        return session.post(
            site.url + path,
            data={**data, "csrf_token": csrf},
            files={name: file},
            headers=headers,
            allow_redirects=False,
            timeout=TIMEOUT,
        )

    return send


@pytest.mark.parametrize("case", FILES)
def test_file_is_more_than_it_should_be(site, upload, case):
    """X-ATTACK: each upload takes such a file as what it asked for or refuses it, soon
    and in words; nothing that a browser would run is kept as a file."""
    for place in UPLOADS:
        started = time.monotonic()
        answer = upload(place, FILES[case])
        seconds = time.monotonic() - started
        assert answer.status_code < 500, (place, answer.text[:300])
        assert seconds < SECONDS, place
        assert b"recallCanary()>" not in answer.content, place
        assert b"root:x:0" not in answer.content, place
        if place == "photo":
            assert (answer.status_code == 303) == (case in TAKEN[place]), place
    active = "SELECT count(*) FROM ir_attachment WHERE mimetype IN %s AND res_model"
    active += " LIKE 'recall%%'"
    assert site.rows(active, ACTIVE) == [(0,)]


def test_photo_is_shown_with_what_came_behind_it(site, upload):
    """X-ATTACK: what is handed out is the picture alone, or a file to be saved, and no
    browser guesses what else it might be."""
    for case in TAKEN["photo"]:
        upload("photo", FILES[case])
    session, _token = log_in(site, "operator")
    photos = site.rows("SELECT id, kind FROM recall_objection_photo")
    assert {kind for _id, kind in photos} == {"image", "pdf"}
    for number, kind in photos:
        url = f"{site.url}/recall/objection/photo/{number}"
        answer = session.get(url, timeout=TIMEOUT)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        if kind == "image":
            assert answer.headers["Content-Type"] == "image/jpeg"
            assert b"recallCanary" not in answer.content
        else:
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["Content-Type"] == "application/octet-stream"
