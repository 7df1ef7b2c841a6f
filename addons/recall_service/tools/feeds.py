# SPDX-License-Identifier: LGPL-3.0-only
"""Feeds of recalls: Atom (RFC 4287, paging by RFC 5005) and JSON Feed 1.1."""

import datetime
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
# XML 1.0 has no room for these characters, however they are written.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Names what follows in an identifier, wherever the site is.
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:recall-number")


class Entry(NamedTuple):
    """A recall as feed readers show it; times are UTC without a zone."""

    number: str
    url: str
    title: str
    text: str
    published: datetime.datetime
    updated: datetime.datetime
    author: str
    tags: Sequence[str]


class Feed(NamedTuple):
    """A page of a feed; `id` is the same whatever the language and the page."""

    id: str
    url: str
    home: str
    title: str
    subtitle: str
    language: str
    updated: datetime.datetime
    entries: Sequence[Entry]
    first: str
    next: str | None = None
    previous: str | None = None


def identify(text: str) -> str:
    """Identifier of a recall or feed that no move of the site changes."""
    return uuid.uuid5(_SPACE, text).urn


def to_time(moment: datetime.datetime) -> str:
    """RFC 3339 with the zone that both formats want."""
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def to_atom(feed: Feed) -> bytes:
    """The feed as an Atom document."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": feed.language})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", to_time(feed.updated))
    links = {
        "self": feed.url,
        "first": feed.first,
        "next": feed.next,
        "previous": feed.previous,
    }
    for relation, address in links.items():
        if address:
            _add(root, "link", rel=relation, href=address, type="application/atom+xml")
    _add(root, "link", rel="alternate", href=feed.home, type="text/html")
    for entry in feed.entries:
        _add_entry(root, entry)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add_entry(root, entry):
    element = _add(root, "entry")
    _add(element, "id", identify(entry.number))
    _add(element, "title", entry.title)
    _add(element, "link", rel="alternate", href=entry.url, type="text/html")
    _add(element, "published", to_time(entry.published))
    _add(element, "updated", to_time(entry.updated))
    _add(_add(element, "author"), "name", entry.author)
    for tag in entry.tags:
        _add(element, "category", term=tag)
    _add(element, "summary", entry.text, type="text")


def _add(parent, name, text=None, **attributes):
    cleaned = {key: _NO_XML.sub("", value) for key, value in attributes.items()}
    element = ET.SubElement(parent, name, cleaned)
    element.text = text and _NO_XML.sub("", text)
    return element


def to_json_feed(feed: Feed) -> bytes:
    """The feed as a JSON Feed."""
    document: dict[str, Any] = {
        "version": JSON_FEED,
        "title": feed.title,
        "description": feed.subtitle,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "language": feed.language,
        "items": [_to_item(entry) for entry in feed.entries],
    }
    if feed.next:
        document["next_url"] = feed.next
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _to_item(entry):
    return {
        "id": identify(entry.number),
        "url": entry.url,
        "title": entry.title,
        "content_text": entry.text,
        "date_published": to_time(entry.published),
        "date_modified": to_time(entry.updated),
        "authors": [{"name": entry.author}],
        "tags": list(entry.tags),
    }
