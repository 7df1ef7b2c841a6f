# SPDX-License-Identifier: LGPL-3.0-only
"""What the pages say to machines: JSON-LD in the terms of schema.org.

schema.org has no type for a recall. A page is a `Report` about a `Vehicle` made by an
`Organization`: that much is true and valid.
"""

import datetime
from collections.abc import Sequence
from typing import Any

_CONTEXT = "https://schema.org"


def make_list(urls: Sequence[str]) -> dict[str, Any]:
    """The recalls on a page of the list, by their addresses."""
    return {
        "@context": _CONTEXT,
        "@type": "ItemList",
        "numberOfItems": len(urls),
        "itemListElement": [
            {"@type": "ListItem", "position": position, "url": url}
            for position, url in enumerate(urls, start=1)
        ],
    }


def make_recall(recall, lines, url: str, publisher: str) -> dict[str, Any]:
    """One recall: a report on the product lines it is about.

    `recall` and `lines` are those of the catalogue.
    """
    return {
        "@context": _CONTEXT,
        "@type": "Report",
        "url": url,
        "identifier": recall.number,
        "reportNumber": recall.number,
        "headline": f"{recall.brand} {recall.series} {recall.number}",
        "description": recall.defect,
        "datePublished": recall.start.isoformat(),
        "publisher": {"@type": "Organization", "name": publisher},
        "about": [_make_vehicle(recall, line) for line in lines or [recall]],
    }


def _make_vehicle(recall, line):
    return {
        "@type": "Vehicle",
        "name": f"{line.brand} {line.series}",
        "brand": {"@type": "Brand", "name": line.brand},
        "model": line.model or line.series,
        "manufacturer": {"@type": "Organization", "name": recall.producer},
    }


def make_dataset(
    url: str,
    name: str,
    licence: str,
    files: Sequence[tuple[str, str, str, int]],
    day: datetime.date | None,
) -> dict[str, Any]:
    """The open data; `files` are address, media type, SHA-256 and bytes of each."""
    dataset = {
        "@context": _CONTEXT,
        "@type": "Dataset",
        "url": url,
        "name": name,
        "description": name,
        "license": {"@type": "CreativeWork", "text": licence},
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": address,
                "encodingFormat": media_type,
                "sha256": sha256,
                "contentSize": f"{size} B",
            }
            for address, media_type, sha256, size in files
        ],
    }
    return {**dataset, "dateModified": day.isoformat()} if day else dataset
