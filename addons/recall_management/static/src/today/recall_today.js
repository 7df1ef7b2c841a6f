// SPDX-License-Identifier: LGPL-3.0-only
import { RecallDashboard } from "@recall_base/dashboard/dashboard";
import { registry } from "@web/core/registry";
import { RecallSearchBox } from "../search/search_box";

/** The regulator's landing page: the search, and what is to be done today. */
export class RecallToday extends RecallDashboard {
    static template = "recall_management.Today";
    static components = { ...RecallDashboard.components, RecallSearchBox };

    search(text) {
        return this.open({
            type: "ir.actions.client",
            tag: "recall_search",
            params: { text },
        });
    }
}

registry.category("actions").add("recall_today", RecallToday);
