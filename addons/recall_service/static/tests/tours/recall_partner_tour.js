// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

function checkWidth() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`The page is ${scrollWidth} wide on a ${clientWidth} screen`);
    }
}

registry.category("web_tour.tours").add("recall_partner_keeps_tokens", {
    steps: () => [
        {
            content: "The list leads to the interface",
            trigger: ".o_recall_interface a.stretched-link",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "Its plot is there", trigger: ".o_recall_plot svg rect", run: checkWidth },
        { trigger: ".o_recall_issue summary", run: "click" },
        { trigger: "#o_recall_token_name", run: "edit Tour system" },
        { trigger: "#o_recall_token_addresses", run: "edit 203.0.113.7" },
        {
            trigger: ".o_recall_issue button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "The secret, this once", trigger: "#o_recall_secret", run: checkWidth },
        {
            trigger: ".o_recall_portal a.btn-primary",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_recall_token:contains(Tour system) .o_recall_revoke summary",
            run: "click",
        },
        {
            trigger: ".o_recall_token:contains(Tour system) .o_recall_revoke button",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "It is revoked", trigger: ".o_recall_portal .alert-success" },
        {
            content: "Room for another",
            trigger: ".o_recall_issue",
            run: checkWidth,
        },
    ],
});

registry.category("web_tour.tours").add("recall_operator_approves", {
    steps: () => [
        {
            content: "The board says what waits",
            trigger: ".o_recall_dashboard .o_recall_tiles [data-key=applications]",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(Inspection station No. 7) td[name=name]",
            run: "click",
        },
        { trigger: ".o_form_view button[name=action_ask_more]", run: "click" },
        { trigger: ".modal [name=words] textarea", run: "edit Which system asks?" },
        { trigger: ".modal footer button[name=action_apply].btn-primary", run: "click" },
        {
            content: "It waits for the applicant, and can be approved all the same",
            trigger: ".o_form_view:not(:has(.modal)) [name=question]:contains(Which system)",
        },
        { trigger: ".o_form_view button[name=action_approve]", run: "click" },
        { trigger: ".modal [name=quota_day] input", run: "edit 750" },
        { trigger: ".modal footer button[name=action_apply].btn-primary", run: "click" },
        {
            content: "The data user is there",
            trigger: ".o_form_view [name=data_user_id]:contains(Inspection station No. 7)",
        },
    ],
});
