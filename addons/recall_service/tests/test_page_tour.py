# SPDX-License-Identifier: LGPL-3.0-only
from reportlab.graphics.barcode import createBarcodeDrawing

from odoo.tests import HttpCase, tagged

from .common import BilingualSite
from .test_lookup_guard import GuardCommon

# The tours cannot be told which VINs to type: these are made up once for all.
OPEN, DONE = "LTZAA11B4SA900001", "LTZAA11B6SA900002"
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


class RecallPageTour(BilingualSite, HttpCase, GuardCommon):
    """The cases of the page in a browser; the fifth is shown in test_page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.put_in_scope(cls.plan, [OPEN, DONE])
        cls.make_completion(cls.plan, DONE)


@tagged("post_install", "-at_install")
class TestPageCases(RecallPageTour):
    def test_case_is_not_shown(self):
        """S-QUERY: the cases on both screens, in English and Chinese."""
        self.walk_on_screens(self.show_cases)

    def show_cases(self):
        self.start_tour("/recall", "recall_lookup_english")
        self.start_tour("/zh_CN/recall", "recall_lookup_chinese")


@tagged("post_install", "-at_install")
class TestPageHelp(RecallPageTour):
    """What a browser adds to the form, on a phone."""

    browser_size = "375x740"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, (kind, text, size) in CODES.items():
            drawing = createBarcodeDrawing(kind, value=text, **size)
            cls.env["ir.attachment"].create(
                {
                    "name": f"{name}.svg",
                    "url": f"/recall_test_codes/{name}.svg",
                    "raw": drawing.asString("svg"),
                    "mimetype": "image/svg+xml",
                    "public": True,
                }
            )

    def test_typing_is_not_helped(self):
        """S-QUERY: wrong letters are told while typing; by keyboard alone; a link."""
        self.start_tour("/recall", "recall_lookup_typing")

    def test_photo_of_a_code_is_not_read(self):
        """S-QUERY: Code 128, Code 39 with its leading I, QR with an address."""
        for name in CODES.keys() - {"no_vin"}:
            with self.subTest(code=name):
                self.start_tour("/recall", f"recall_lookup_photo_{name}")

    def test_useless_photo_is_a_dead_end(self):
        """S-QUERY: each photo that helps nothing is told why, and typing goes on."""
        self.start_tour("/recall", "recall_lookup_useless_photos")

    def test_camera_is_not_read(self):
        """S-QUERY: a code before the camera is read; without one the page leads on."""
        self.start_tour("/recall", "recall_lookup_camera")

    def test_browser_does_not_pass_the_hurdle(self):
        """S-QUERY X-ATTACK: the browser solves the puzzle and the answer follows."""
        self.use_up()
        self.env.flush_all()
        self.start_tour("/recall", "recall_lookup_hurdle")
