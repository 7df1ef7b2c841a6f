// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

const WORKER = "/recall_service/static/src/worker/puzzle_worker.js";

/** Solves the puzzle of the page and goes on; where it cannot, waiting remains. */
export class RecallLookupHurdle extends Interaction {
    static selector = ".o_recall_pass";
    dynamicContent = {
        ".o_recall_wait": { "t-att-hidden": () => this.calculating },
        ".o_recall_calculating": { "t-att-hidden": () => !this.calculating },
    };

    setup() {
        this.calculating = Boolean(window.Worker && window.isSecureContext);
        this.challenge = JSON.parse(this.el.dataset.challenge);
    }

    start() {
        if (!this.calculating) {
            return;
        }
        const worker = new Worker(WORKER);
        this.registerCleanup(() => worker.terminate());
        this.addListener(worker, "message", ({ data }) => this.onSolved(data.number));
        this.addListener(worker, "error", () => this.onSolved());
        worker.postMessage(this.challenge);
    }

    onSolved(number) {
        if (number === undefined) {
            this.calculating = false;
            return;
        }
        const { algorithm, challenge, salt, signature } = this.challenge;
        const solution = { algorithm, challenge, number, salt, signature };
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = "altcha";
        field.value = btoa(JSON.stringify(solution));
        this.el.append(field);
        this.el.requestSubmit();
    }
}

registry
    .category("public.interactions")
    .add("recall_service.lookup_hurdle", RecallLookupHurdle);
