// SPDX-License-Identifier: LGPL-3.0-only
import { Component, useState } from "@odoo/owl";
import { useAutofocus } from "@web/core/utils/hooks";

/** Where people type a VIN, its last six characters or a recall number. */
export class RecallSearchBox extends Component {
    static template = "recall_management.SearchBox";
    static props = {
        text: { type: String, optional: true },
        autofocus: { type: Boolean, optional: true },
        onSearch: Function,
    };

    setup() {
        this.state = useState({ text: this.props.text || "" });
        if (this.props.autofocus) {
            useAutofocus({ refName: "input" });
        }
    }

    onSubmit() {
        const text = this.state.text.trim();
        if (text) {
            this.props.onSearch(text);
        }
    }
}
