# SPDX-License-Identifier: LGPL-3.0-only
"""The document of conformance says what the tests show."""

import csv

import conformance


def test_conformance_document_is_older_than_the_tests():
    assert conformance.DOCUMENT.read_text() == conformance.render(), (
        "run `make conformance` and commit docs/conformance.md"
    )


def test_requirement_is_listed_twice():
    with conformance.REQUIREMENTS.open(newline="") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)]
    assert len(ids) == len(set(ids)) == 32
