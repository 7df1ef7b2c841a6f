// SPDX-License-Identifier: LGPL-3.0-only
import { Component } from "@odoo/owl";

/** The first steps of a terminal: what is done, and the one thing to do next. */
export class RecallChecklist extends Component {
    static template = "recall_base.Checklist";
    static props = {
        steps: { type: Array, element: Object },
        done: { type: String, optional: true },
        open: Function,
        hide: Function,
    };

    get doneCount() {
        return this.props.steps.filter((step) => step.done).length;
    }

    get next() {
        return this.props.steps.find((step) => !step.done);
    }
}
