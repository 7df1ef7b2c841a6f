// SPDX-License-Identifier: LGPL-3.0-only
import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { RecallSearchBox } from "./search_box";

/** What is known of a VIN, of its last six characters or of a recall number. */
export class RecallSearch extends Component {
    static template = "recall_management.Search";
    static components = { Layout, RecallSearchBox };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Search");
    static path = "recall-search";

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.display = { controlPanel: {} };
        const text = this.props.state?.text || this.props.action.params?.text || "";
        this.state = useState({ text, answer: null });
        // Back from a record, and after a reload, the same answer is there.
        useSetupAction({ getLocalState: () => ({ text: this.state.text }) });
        onWillStart(() => this.state.text && this.find(this.state.text));
    }

    async find(text) {
        this.state.text = text;
        this.state.answer = await this.keepLast.add(
            this.orm.call("recall.search", "find", [text])
        );
        this.props.updateActionState?.({ text });
    }

    open(action) {
        return this.action.doAction(action);
    }
}

registry.category("actions").add("recall_search", RecallSearch);
