/** SPDX-License-Identifier: LGPL-3.0-only */
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

const WAIT_MS = 2000;

/** Shows how far a fleet's file is while it is at work; without it a link does. */
export class RecallFleetFile extends Interaction {
    static selector = ".o_recall_file";

    start() {
        this.hideLink();
        this.plan();
    }

    get state() {
        return this.el.querySelector(".o_recall_file_state");
    }

    hideLink() {
        this.el.querySelector(".o_recall_file_again")?.classList.add("d-none");
    }

    plan() {
        if (this.state.dataset.atWork) {
            this.waitForTimeout(() => this.refresh(), WAIT_MS);
        }
    }

    async refresh() {
        if (!document.hidden) {
            const fresh = await this.waitFor(this.load());
            if (fresh) {
                this.show(fresh);
            }
        }
        this.plan();
    }

    async load() {
        try {
            const response = await fetch(this.el.dataset.url);
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            return response.ok && page.querySelector(".o_recall_file_state");
        } catch {
            return null;
        }
    }

    /** Buttons stay what they are, with the focus, as long as the state does. */
    show(fresh) {
        if (fresh.dataset.state === this.state.dataset.state) {
            const part = ".o_recall_file_figures";
            this.state.querySelector(part).replaceWith(fresh.querySelector(part));
            return;
        }
        const focused = this.state.contains(document.activeElement);
        this.state.replaceWith(fresh);
        this.hideLink();
        if (focused) {
            this.el.querySelector(".o_recall_file_said").focus();
        }
    }
}

registry.category("public.interactions").add("recall_service.recall_fleet_file", RecallFleetFile);
