# SPDX-License-Identifier: LGPL-3.0-only
import base64

from reportlab.graphics.barcode import createBarcodeDrawing

from odoo.tests import tagged

from .browser import NARROW
from .search_browser import OPEN, SearchBrowserCase

# What codes on vehicles hold: name -> kind of code, text, size.
_BARS = {"width": 900, "height": 250}
_SQUARE = {"width": 400, "height": 400}
CODES = {
    "code_128": ("Code128", OPEN, _BARS),
    "code_39_with_identifier": ("Standard39", f"I{OPEN}", {**_BARS, "checksum": 0}),
    "data_matrix": ("ECC200DataMatrix", OPEN, {}),
    "qr_with_address": ("QR", f"https://maker.example/?vin={OPEN}&page=1", _SQUARE),
    "no_vin": ("Code128", "HELLO-123", _BARS),
}
#: Turns a drawing into a photo of it, with white around.
_TAKE = """async source => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth + 80;
    canvas.height = image.naturalHeight + 80;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 40, 40);
    return canvas.toDataURL("image/png").split(",")[1];
}"""
_NO_CAMERA = """() => {
    navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("none", "NotFoundError");
    };
}"""
#: A camera before which a photo is held; the tracks of it are in ``cameraTracks``.
_CAMERA = """async photo => {
    const image = new Image();
    image.src = `data:image/png;base64,${photo}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1280, 720];
    const context = canvas.getContext("2d");
    setInterval(() => {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(image, (canvas.width - image.width) / 2, 210);
    }, 50);
    navigator.mediaDevices.getUserMedia = async () => {
        const stream = canvas.captureStream(20);
        window.cameraTracks = stream.getTracks();
        return stream;
    };
}"""


@tagged("post_install", "-at_install")
class TestScannerBrowser(SearchBrowserCase):
    """Codes on vehicles, read in the browser of a phone."""

    def open_search(self):
        return self.open_browser(viewport=NARROW)

    def take_photo(self, page, name):
        kind, text, size = CODES[name]
        drawing = createBarcodeDrawing(kind, value=text, **size).asString("svg")
        if isinstance(drawing, str):
            drawing = drawing.encode()
        source = "data:image/svg+xml;base64," + base64.b64encode(drawing).decode()
        return page.evaluate(_TAKE, source)

    def give_photo(self, page, content):
        photo = {"name": "photo.png", "mimeType": "image/png", "buffer": content}
        page.set_input_files(".o_recall_scan_photo input", photo)

    def asked(self, name):
        return [found for found in self.responses if name in found.url]

    def test_photo_of_a_code_is_not_read(self):
        """S-QUERY: Code 128, Code 39 with its leading I, QR with an address."""
        with self.open_search() as page:
            for name in CODES.keys() - {"no_vin"}:
                self.visit(page, "/recall")
                photo = self.take_photo(page, name)
                self.give_photo(page, base64.b64decode(photo))
                self.assert_answer(page, "open")
                self.assertIn(OPEN, page.locator(".o_recall_checked").inner_text())

    def test_useless_photo_is_a_dead_end(self):
        """S-QUERY: each photo that helps nothing is told why, and typing goes on."""
        with self.open_search() as page:
            self.visit(page, "/recall")
            self.assertFalse(self.asked("assets_scanner"), "loaded only when wanted")
            for content, told in (
                (base64.b64decode(self.take_photo(page, "no_vin")), "holds no VIN"),
                (b"no picture", "cannot be read"),
                (page.screenshot(), "No bar code was found"),
            ):
                self.give_photo(page, content)
                page.locator(f".o_recall_message:has-text('{told}')").wait_for()
            self.assertTrue(self.asked("assets_scanner"))
            self.look_up(page, OPEN)
            self.assert_answer(page, "open")

    def test_camera_is_not_read(self):
        """S-QUERY: a code before the camera is read; without one the page leads on."""
        with self.open_search() as page:
            self.visit(page, "/recall")
            page.evaluate(_NO_CAMERA)
            page.click(".o_recall_scan_camera")
            told = page.locator(".o_recall_message:has-text('camera cannot be used')")
            told.wait_for()
            self.assertFalse(page.locator(".o_recall_scanner").is_visible())
            page.evaluate(_CAMERA, self.take_photo(page, "code_128"))
            page.click(".o_recall_scan_camera")
            self.assert_answer(page, "open")

    def test_camera_stays_on(self):
        """S-QUERY: closing the scanner by key or button ends the camera's picture."""
        with self.open_search() as page:
            self.visit(page, "/recall")
            blank = base64.b64encode(page.screenshot()).decode()
            page.evaluate(_CAMERA, blank)
            scanner = page.locator(".o_recall_scanner")
            for close in (
                lambda: page.keyboard.press("Escape"),
                lambda: page.click(".o_recall_scanner button"),
            ):
                page.click(".o_recall_scan_camera")
                scanner.wait_for(state="visible")
                self.assert_accessible(page)
                close()
                scanner.wait_for(state="hidden")
                page.locator(".o_recall_scan_camera:enabled").wait_for()
                self.assertTrue(
                    page.evaluate(
                        "cameraTracks.every(track => track.readyState === 'ended')"
                    )
                )
            self.assertEqual(page.locator(".o_recall_message").inner_text(), "")

    def test_scanner_that_is_not_loaded_is_a_dead_end(self):
        """X-FAULT: where the scanner's script cannot be had, typing goes on."""
        with self.open_search() as page:
            self.visit(page, "/recall")
            page.route("**/web/bundle/**", lambda route: route.abort())
            self.give_photo(page, b"no picture")
            page.locator(".o_recall_message:has-text('type the VIN')").wait_for()
            page.unroute("**/web/bundle/**")
            photo = self.take_photo(page, "code_128")
            self.give_photo(page, base64.b64decode(photo))
            self.assert_answer(page, "open")
