# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo import http
from odoo.http import content_disposition, request

from ..models.recall_open_data import COLUMNS
from ..models.res_config_settings import LICENCE
from ..tools import structured_data
from .catalogue import render, share
from .public_page import READ_PAGE

#: Seconds for which a cache may keep a file: it changes once a day.
MAX_AGE = 3600
_TYPES = {"csv": "text/csv", "json": "application/json"}


class RecallOpenData(http.Controller):
    """Open data: what there is, what the columns mean, and the files."""

    _page_url = "/recalls/data"
    _file_url = "/recalls/data/<string:name>"
    _dictionary = "dictionary.json"

    # The site map calls it as a plain function.
    def _sitemap(env, rule, qs):
        if not qs or qs.lower() in RecallOpenData._page_url:
            yield {"loc": RecallOpenData._page_url}

    @http.route(
        _page_url,
        sitemap=_sitemap,
        **READ_PAGE,
    )
    def page(self, **_query):
        """The files with their dates and digests, and the data dictionary."""
        files = request.env["recall.open.data"]._find_newest()
        licence = self._get_licence()
        values = {
            "files": files,
            "licence": licence,
            "dictionary": self._describe(),
            "schema": structured_data.make_dataset(
                self._absolute(self._page_url),
                request.env._("Recalls of road vehicles and their completion"),
                licence,
                [
                    (
                        self._absolute(f"{self._page_url}/{file.name}"),
                        _TYPES[file.name.rpartition(".")[2]],
                        file.sha256,
                        file.size,
                    )
                    for file in files
                ],
                files[:1].day,
            ),
        }
        return render("open_data_page", values)

    @http.route(
        _file_url,
        multilang=False,
        sitemap=False,
        **READ_PAGE,
    )
    def file(self, name, **_query):
        """A file as it was made, or the data dictionary."""
        if name == self._dictionary:
            return share(request.make_json_response(self._describe()), MAX_AGE)
        file = request.env["recall.open.data"]._find_newest(name)
        if not file:
            return render("open_data_missing", status=404)
        extension = name.rpartition(".")[2]
        response = request.make_response(
            base64.b64decode(file.content),
            headers={
                "Content-Type": f"{_TYPES[extension]}; charset=utf-8",
                "Content-Disposition": content_disposition(f"{file.day}-{name}"),
                "Repr-Digest": self._make_digest(file.sha256),
            },
        )
        response.set_etag(file.sha256)
        response.last_modified = file.create_date
        return share(response, MAX_AGE)

    def _make_digest(self, sha256):
        """RFC 9530."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"

    def _get_licence(self):
        # sudo: the public reads no parameter; this one is meant for it.
        licence = request.env["ir.config_parameter"].sudo().get_param(LICENCE)
        return licence or request.env._(
            "Free to use, copy and pass on, also for business, with the source and "
            "the date of the data named."
        )

    def _describe(self):
        """The data dictionary.

        :returns: dict file -> list of dicts ``name``, ``type``, ``meaning``
        """
        meanings = self._get_meanings()
        return {
            kind: [
                {"name": name, "type": type_name, "meaning": str(meanings[name])}
                for name, type_name, _sql in columns
            ]
            for kind, columns in COLUMNS.items()
        }

    def _get_meanings(self):
        return {
            "recallNum": request.env._("Recall number of GB/T 39061 (annex A no. 5)"),
            "state": request.env._("published or running: being carried out; finished"),
            "producerName": request.env._("Producer (no. 1)"),
            "brand": request.env._("Brand (no. 2)"),
            "series": request.env._("Series (no. 3)"),
            "model": request.env._("Model (no. 4)"),
            "announced": request.env._("Day of the announcement"),
            "recallStartTime": request.env._("First day of the recall (no. 6)"),
            "finished": request.env._("Day on which the recall was finished"),
            "numRecall": request.env._("Number of vehicles, as announced (no. 7)"),
            "vinRange": request.env._("VIN range, as printed (no. 8)"),
            "defectDesc": request.env._("Defect (no. 9)"),
            "possibleConsequence": request.env._("Possible consequences (no. 10)"),
            "repairMethod": request.env._("Repair measures (no. 11)"),
            "overTheAir": request.env._("Whether the repair is an over-the-air update"),
            "doNotDrive": request.env._(
                "Whether owners are told not to drive until the repair"
            ),
            "parkOutside": request.env._(
                "Whether owners are told to park outside until then"
            ),
            "extends": request.env._(
                "Number of the earlier recall that this one widens"
            ),
            "announcement": request.env._("Number of the announcement"),
            "vehicles": request.env._("Vehicles in scope, by the filed list of VINs"),
            "countable": request.env._("In scope, less exported, scrapped and stolen"),
            "done": request.env._("Vehicles that were repaired"),
            "exported": request.env._("Vehicles that were exported"),
            "scrapped": request.env._("Vehicles that were scrapped"),
            "stolen": request.env._("Vehicles that were stolen"),
            "unreachable": request.env._("Vehicles whose owner could not be reached"),
            "completionRate": request.env._(
                "Done / (in scope - exported - scrapped - stolen), 0 to 1"
            ),
            "rawRate": request.env._("Done / in scope, 0 to 1"),
            "day": request.env._(
                "Day from which these figures hold, until the next row's"
            ),
        }

    def _absolute(self, path):
        return f"{request.website.get_base_url()}{path}"
