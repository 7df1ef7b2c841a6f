# SPDX-License-Identifier: LGPL-3.0-only
import logging
import re
from urllib.parse import urlencode

import psycopg2
from markupsafe import Markup

from odoo import http
from odoo.http import content_disposition, request

from odoo.addons.recall_base.tools import curve_svg, deadline, recall_number
from odoo.addons.recall_base.tools.workbook import MIMETYPE

from ..models.recall_catalogue import PAGE_SIZE, Filters
from ..tools import columns_svg, structured_data
from .public_page import READ_PAGE

_logger = logging.getLogger(__name__)

#: Characters of a search that are looked for, and shown again.
SEARCHED = 80
#: Words of a search: each one is compared with every plan.
WORDS = 6
#: Numbers beyond these are nobody's (and no ``int`` of the database).
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
#: A letter of Chinese.
_HAN = re.compile(r"[\u4e00-\u9fff]")
_YEAR = re.compile(r"20[0-9]{2}", re.ASCII)
#: Recalls in the block of the newest ones.
LATEST = 5
#: Files of the figures by year, and seconds for which a cache may keep one.
YEARS_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": MIMETYPE}
MAX_AGE = 3600
#: Rows of the table behind the curve.
MONTHS = 36


def read_filters(query):
    """What a query string asks for; what makes no sense asks for nothing.

    :param query: dict of the request's parameters
    :rtype: Filters
    """

    def text(name):
        value = query.get(name)
        value = value if isinstance(value, str) else ""
        return value.replace("\0", "").strip()[:SEARCHED] or None

    def number(name, form):
        value = text(name) or ""
        return int(value) if form.fullmatch(value) else None

    words = (text("q") or "").split()[:WORDS]
    state = text("state")
    return Filters(
        text=" ".join(words) or None,
        year=number("year", _YEAR),
        state=state if state in ("running", "finished") else None,
        producer=number("producer", _NUMBER),
        brand=text("brand"),
        series=text("series"),
        warned=text("warned") == "1",
    )


def make_query(filters, **more):
    """The query string that asks for these filters, with its question mark or empty.

    :param more: further parameters, None for those to leave out
    """
    asked = {"q": filters.text, **filters._asdict(), **more}
    del asked["text"]
    asked["warned"] = "1" if filters.warned else None
    given = {name: value for name, value in asked.items() if value}
    return f"?{urlencode(given)}" if given else ""


def render(template, values=None, **options):
    """A page in the frame of the recalls, with what its templates write figures by."""
    chinese = request.env.lang.startswith("zh")

    def lang_of(text):
        """WCAG 3.1.2: filings are Chinese, and say so on a page that is not."""
        return "zh-CN" if not chinese and text and _HAN.search(text) else None

    given = {
        "count": lambda number: "–" if number is None else f"{number:,}",
        "percent": lambda share: "–" if share is None else f"{share * 100:.1f}%",
        "lang_of": lang_of,
        "make_query": lambda **asked: make_query(Filters(**asked)),
        "feed_query": "",
        "subscribe_url": lambda **about: f"/recall/subscribe?{urlencode(about)}",
        **(values or {}),
    }
    return request.render(f"recall_service.{template}", given, **options)


def share(response, seconds):
    """Let caches keep a file for everybody, and other sites' pages read it.

    :returns: the response, or one that says that nothing has changed
    """
    # The cookie of the visitor's language: a shared cache must not give it away.
    request.future_response.headers.remove("Set-Cookie")
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response.make_conditional(request.httprequest)


class RecallCatalogue(http.Controller):
    """Pages about recalls, not about vehicles: anybody reads them, nothing is kept."""

    _list_url = "/recalls"
    _years_url = "/recalls/years"
    _plan_url = "/recall/plan/<string:number>"

    # The site map calls these as plain functions.
    def _sitemap_list(env, rule, qs):
        for url in (RecallCatalogue._list_url, RecallCatalogue._years_url):
            if not qs or qs.lower() in url:
                yield {"loc": url}

    def _sitemap_plans(env, rule, qs):
        for number, changed in env["recall.catalogue"]._site_map():
            url = f"/recall/plan/{number}"
            if not qs or qs.lower() in url.lower():
                yield {"loc": url, "lastmod": changed}

    @http.route(
        _list_url,
        sitemap=_sitemap_list,
        **READ_PAGE,
    )
    def list(self, **query):
        """The published recalls, by search and filters, the newest first."""
        return self._answer(self._render_list, query)

    def _render_list(self, query):
        Catalogue = request.env["recall.catalogue"]
        filters = read_filters(query)
        total = Catalogue._count(filters)
        pages = max(-(-total // PAGE_SIZE), 1)
        asked = query.get("page", "")
        page = min(max(int(asked), 1), pages) if _NUMBER.fullmatch(str(asked)) else 1
        recalls = Catalogue._list(filters, offset=(page - 1) * PAGE_SIZE)
        values = {
            "filters": filters,
            "choices": Catalogue._choices(filters),
            "recalls": recalls,
            "total": total,
            "everything": total
            if filters == Filters()
            else Catalogue._count(Filters()),
            "page": page,
            "pages": pages,
            "make_query": lambda **more: make_query(filters._replace(**more)),
            "page_query": lambda number: make_query(
                filters, page=number if number > 1 else None
            ),
            "feed_query": make_query(
                Filters(brand=filters.brand, producer=filters.producer)
            ),
            "schema": structured_data.make_list(
                [self._absolute(f"/recall/plan/{recall.number}") for recall in recalls]
            ),
        }
        return render("catalogue_page", values)

    @http.route(
        f"{_list_url}/latest",
        sitemap=False,
        **READ_PAGE,
    )
    def latest(self, **_query):
        """The newest recalls without a frame, for the block on other pages."""
        return self._answer(self._render_latest)

    def _render_latest(self):
        recalls = request.env["recall.catalogue"]._list(Filters(), limit=LATEST)
        response = render("catalogue_latest", {"recalls": recalls})
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    @http.route(
        _plan_url,
        sitemap=_sitemap_plans,
        **READ_PAGE,
    )
    def plan(self, number, **_query):
        """All that is public of one recall."""
        return self._answer(self._render_plan, number)

    def _render_plan(self, number):
        typed = number.strip().upper()
        # The database takes no NUL, and nothing else can be a number.
        known = recall_number.PATTERN.match(typed)
        recall = known and request.env["recall.catalogue"]._find(typed)
        if not recall:
            values = {"number": number[:SEARCHED], "well_formed": bool(known)}
            return render("catalogue_missing", values, status=404)
        if number != typed:
            return request.redirect(f"/recall/plan/{typed}", code=301)
        return render("catalogue_recall", self._prepare_recall(recall, known))

    def _prepare_recall(self, recall, parsed):
        Catalogue = request.env["recall.catalogue"]
        lines = Catalogue._find_lines(recall)
        progress = Catalogue._read_progress(recall)
        return {
            "recall": recall,
            "number_parts": parsed.groupdict(),
            "lines": lines,
            "parts": Catalogue._find_parts(recall),
            "extensions": Catalogue._find_extensions(recall),
            "sisters": Catalogue._find_sisters(recall),
            "curve": self._draw_curve(recall, progress),
            "months": self._by_month(progress)[-MONTHS:],
            "feed_query": make_query(Filters(brand=recall.brand)),
            "schema": structured_data.make_recall(
                recall,
                lines,
                self._absolute(f"/recall/plan/{recall.number}"),
                request.website.name,
            ),
        }

    def _draw_curve(self, recall, progress):
        """The rate by days since publication; nothing before there are two days."""
        if len(progress) < 2:
            return None
        points = [
            (max((day - recall.start).days, 0), done / countable)
            for day, done, countable in progress
        ]
        today = deadline.today()
        until = (recall.finished_on or today) - recall.start
        svg = curve_svg.draw(
            points,
            until=max(until.days, points[-1][0]),
            days=max(until.days, points[-1][0]),
            title=request.env._("Completion rate by days since publication"),
            axis=request.env._("Days since publication"),
        )
        return Markup(svg)  # noqa: S704  the texts in it are escaped there

    def _by_month(self, progress):
        """The last day of each month that has one."""
        last = {(day.year, day.month): (day, *rest) for day, *rest in progress}
        return list(last.values())

    @http.route(
        _years_url,
        sitemap=False,  # with the list
        **READ_PAGE,
    )
    def years(self, **_query):
        """Recalls, vehicles and completion by year, beside the published figures."""
        return self._answer(self._render_years)

    def _render_years(self):
        Catalogue = request.env["recall.catalogue"]
        years = Catalogue._sum_years()
        here, published = (
            request.env._("In this service"),
            request.env._("Published for the whole country"),
        )
        labels = [str(year.year) for year in years]
        plots = {
            "recalls": columns_svg.draw_groups(
                labels,
                [
                    (here, [year.recalls for year in years]),
                    (published, [year.published_recalls for year in years]),
                ],
                title=request.env._("Recalls by year"),
            ),
            "vehicles": columns_svg.draw_groups(
                labels,
                [
                    (here, [year.vehicles / 10_000 for year in years]),
                    (published, [year.published_vehicles for year in years]),
                ],
                title=request.env._("Vehicles by year, in units of 10,000"),
            ),
            "rates": columns_svg.draw_groups(
                [str(year.year) for year in years if year.recalls],
                [(here, [(year.rate or 0) * 100 for year in years if year.recalls])],
                title=request.env._(
                    "Completion rate by year of publication, in percent"
                ),
                unit="%",
                top=100,
            ),
        }
        values = {
            "years": years,
            # The texts in them are escaped there.
            "plots": {name: Markup(svg) for name, svg in plots.items()},  # noqa: S704
            "brands": Catalogue._sum_brands(),
            "parts": Catalogue._sum_parts(),
            "today": deadline.today(),
        }
        return render("catalogue_years", values)

    @http.route(
        f"{_years_url}.<any(csv,xlsx):kind>",
        sitemap=False,
        **READ_PAGE,
    )
    def years_file(self, kind, **_query):
        """S-REPORT: the figures of the page by year as a file."""
        return self._answer(self._make_years_file, kind)

    def _make_years_file(self, kind):
        content = getattr(request.env["recall.years.workbook"], f"_make_{kind}")()
        day = deadline.today()
        name = content_disposition(f"recalls-by-year-{day}.{kind}")
        headers = {"Content-Type": YEARS_TYPES[kind], "Content-Disposition": name}
        return share(request.make_response(content, headers=headers), MAX_AGE)

    # === Helpers === #

    def _answer(self, make, *args):
        """Make a page; one that says so when the database cannot answer now."""
        try:
            response = make(*args)
            response.flatten()
        except psycopg2.errors.QueryCanceled:
            request.env.cr.rollback()
            _logger.warning("A page about recalls was given up: the statement limit.")
            return render("catalogue_unavailable", status=503)
        return response

    def _absolute(self, path):
        return f"{request.website.get_base_url()}{path}"
