import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

/** Fills the block of the newest recalls; where that fails, its link still leads there. */
export class RecallLatest extends Interaction {
    static selector = ".s_recall_latest .o_recall_latest";

    async willStart() {
        // The link is in the language of the page.
        const link = this.el.parentElement.querySelector("a[href$='/recalls']");
        const path = link ? link.getAttribute("href") : "/recalls";
        this.page = await this.waitFor(this.load(`${path}/latest`));
    }

    async load(url) {
        try {
            const response = await fetch(url);
            return response.ok ? await response.text() : "";
        } catch {
            return "";
        }
    }

    start() {
        // The server's own page, with every text in it escaped.
        const page = new DOMParser().parseFromString(this.page, "text/html");
        this.el.replaceChildren(...page.body.childNodes);
        // The editor keeps an empty block, not the recalls of that day.
        this.registerCleanup(() => this.el.replaceChildren());
    }
}

registry.category("public.interactions").add("recall_service.recall_latest", RecallLatest);
