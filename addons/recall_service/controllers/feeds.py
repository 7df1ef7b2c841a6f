# SPDX-License-Identifier: LGPL-3.0-only
import hashlib
from datetime import UTC, datetime

from odoo import http
from odoo.http import request

from ..models.recall_catalogue import Filters
from ..tools import feeds
from .catalogue import make_query, read_filters, share
from .public_page import READ_PAGE

#: Recalls on a page of a feed.
PAGE_SIZE = 50
#: Pages beyond are nobody's.
MAX_PAGE = 1000
#: Seconds for which a reader or a cache may keep a page.
MAX_AGE = 300
#: Of a feed with nothing in it: it never changes.
_BEGINNING = datetime(2004, 10, 1)


class RecallFeeds(http.Controller):
    """Newly published recalls for feed readers; all of them, or of a brand or producer.

    Pages have a number counted from the newest: a reader that pages on while a recall
    is published sees one of them twice, and misses none.
    """

    _atom_url = "/recalls.atom"
    _json_url = "/recalls.json"

    @http.route(
        _atom_url,
        sitemap=False,
        **READ_PAGE,
    )
    def atom(self, **query):
        """S-PUSH: newly published recalls as an Atom feed."""
        feed = self._prepare(self._atom_url, query)
        return self._answer(feed, feeds.to_atom(feed), "application/atom+xml")

    @http.route(
        _json_url,
        sitemap=False,
        **READ_PAGE,
    )
    def json(self, **query):
        """S-PUSH: newly published recalls as a JSON Feed."""
        feed = self._prepare(self._json_url, query)
        return self._answer(feed, feeds.to_json_feed(feed), "application/feed+json")

    def _prepare(self, path, query):
        asked = read_filters(query)
        filters = Filters(brand=asked.brand, producer=asked.producer)
        text = str(query.get("page", ""))
        page = min(int(text), MAX_PAGE) if text.isascii() and text.isdigit() else 1
        page = max(page, 1)
        found = request.env["recall.catalogue"]._list_published(
            filters, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE + 1
        )
        recalls = found[:PAGE_SIZE]

        def address(number):
            # The first page has one address, so that readers know it again.
            more = {"page": number} if number > 1 else {}
            return self._absolute(f"{path}{make_query(filters, **more)}")

        return feeds.Feed(
            id=feeds.identify(f"feed{make_query(filters)}"),
            url=address(page),
            home=self._absolute(f"/recalls{make_query(filters)}"),
            title=request.env._("Vehicle recalls"),
            subtitle=request.env._("Newly published recalls of road vehicles"),
            language=request.env.lang.replace("_", "-"),
            updated=max((recall.updated for recall in recalls), default=_BEGINNING),
            entries=[self._prepare_entry(recall) for recall in recalls],
            first=address(1),
            next=address(page + 1) if len(found) > PAGE_SIZE else None,
            previous=address(page - 1) if page > 1 else None,
        )

    def _prepare_entry(self, recall):
        return feeds.Entry(
            number=recall.number,
            url=self._absolute(f"/recall/plan/{recall.number}"),
            title=f"{recall.brand} {recall.series} ({recall.number})",
            text=recall.defect,
            published=recall.published,
            updated=recall.updated,
            author=recall.producer,
            tags=(recall.brand,),
        )

    def _absolute(self, path):
        """Address of a page in the language of the request."""
        base = request.website.get_base_url()
        return f"{base}{request.env['ir.http']._url_for(path)}"

    def _answer(self, feed, body, mimetype):
        """Answer, or say that nothing has changed since the reader last asked."""
        response = request.make_response(
            body, headers={"Content-Type": f"{mimetype}; charset=utf-8"}
        )
        response.set_etag(hashlib.sha256(body).hexdigest()[:32])
        response.last_modified = feed.updated.replace(tzinfo=UTC)
        return share(response, MAX_AGE)
