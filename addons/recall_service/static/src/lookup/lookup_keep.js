// SPDX-License-Identifier: LGPL-3.0-only
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

/** Print an answer, or copy the link that was made of it. */
export class RecallLookupKeep extends Interaction {
    static selector = ".o_recall_keep";
    dynamicContent = {
        ".o_recall_print": {
            "t-att-hidden": () => false,
            "t-on-click": () => window.print(),
        },
        ".o_recall_copy": {
            "t-att-hidden": () => !browser.navigator.clipboard,
            "t-on-click": this.onCopy,
        },
        "#o_recall_link": { "t-on-focus": (ev) => ev.target.select() },
        ".o_recall_copied": { "t-out": () => this.copied },
    };

    setup() {
        this.copied = "";
    }

    async onCopy() {
        const field = this.el.querySelector("#o_recall_link");
        try {
            await this.waitFor(browser.navigator.clipboard.writeText(field.value));
            this.copied = _t("Copied.");
        } catch {
            field.focus();
            this.copied = _t("The link is selected: copy it with your device.");
        }
    }
}

registry
    .category("public.interactions")
    .add("recall_service.lookup_keep", RecallLookupKeep);
