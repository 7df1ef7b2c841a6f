# SPDX-License-Identifier: LGPL-3.0-only
"""What is printed and shown after all inputs: letters, reports, pages."""

import io

from canary_world import Exposed, wait_for
from pypdf import PdfReader

#: Name of a report's template -> model, at the regulator.
REPORTS = {
    "recall_management.recall_department_report": "recall.department.report",
    "recall_management.recall_stage_report": "recall.plan",
    "recall_service.recall_usage_report": "recall.usage.report",
}
LETTERS = "recall_enterprise.recall_notice_letter"
#: Pages of everybody; those of recalls and open data follow from what there is.
PAGES = (
    *("/recall", "/recalls", "/recalls/latest", "/recalls.atom", "/recalls.json"),
    *("/recalls/years", "/recalls/years.csv", "/recalls/data", "/recall/subscribe"),
    *("/recall/partners", "/recall/partners/apply", "/recall/developers"),
    *("/recall/my-vehicles", "/recall/checkpoint", "/sitemap.xml", "/web/login"),
)


def read_pdf(data: bytes) -> list[str]:
    """Text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


def print_letters(exposed: Exposed) -> list[str]:
    """Text of each page of letters to two owners, whose addresses hold a number."""
    number = exposed.owner["recallNum"]
    unsent = exposed.world.unsent_reports(exposed.producer)
    # The last ones are used by others.
    owners = [one for one in unsent if one["recallNum"] == number][-5:-3]
    for place, owner in enumerate(owners):
        canary = exposed.canaries.phone(f"letter {place}")
        exposed.add_owner(owner["vehicleVin"], name="Owner", address=f"Road, {canary}")
    client = exposed.admins["producer"]
    values = {"public_url": "https://regulator.example/recall"}
    client.call("recall.producer", "write", [exposed.producer_id], values)
    notice_round = exposed.start_round("letter")
    [file] = wait_for(
        lambda: client.search_read(
            "recall.notice.file", [("round_id", "=", notice_round)], ["letter_count"]
        ),
        "the letters",
    )
    assert file["letter_count"] == len(owners) == 2
    return read_pdf(client.download(f"/recall/notice/letters/{file['id']}"))


def print_reports(exposed: Exposed) -> dict[str, str]:
    """Name of each report of the regulator -> its text."""
    client, texts = exposed.admins["regulator"], {}
    for name, model in REPORTS.items():
        if model == "recall.plan":
            [record] = client.call(model, "search", [], limit=1)
        else:
            record = client.create(model, {})
        texts[name] = "\n".join(
            read_pdf(client.download(f"/report/pdf/{name}/{record}"))
        )
    return texts
