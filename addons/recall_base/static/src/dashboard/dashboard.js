// SPDX-License-Identifier: LGPL-3.0-only
import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { RecallChecklist } from "./checklist";
import { RecallPlot } from "./plot";
import { RecallTileGrid } from "./tile_grid";

/**
 * The landing page of a terminal. What it shows comes from the model that the client
 * action names in its parameters (see recall.dashboard), by one call.
 */
export class RecallDashboard extends Component {
    static template = "recall_base.Dashboard";
    static components = { RecallChecklist, RecallPlot, RecallTileGrid };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({
            figures: null,
            producerId: this.props.state?.producerId || false,
            filters: this.props.state?.filters || null,
        });
        this.numbers = new Intl.NumberFormat(user.lang);
        useSetupAction({
            getLocalState: () => ({
                producerId: this.state.producerId,
                filters: this.state.filters,
            }),
        });
        onWillStart(() => this.load());
    }

    get model() {
        return this.props.action.params.model;
    }

    get figures() {
        return this.state.figures;
    }

    async load() {
        const { producerId, filters } = this.state;
        // Only a page that has filters is asked with them.
        const args = filters ? [producerId, filters] : [producerId];
        this.state.figures = await this.orm.call(this.model, "get_figures", args);
        this.state.producerId = this.figures.producer_id;
    }

    async onProducerChange(ev) {
        this.state.producerId = parseInt(ev.target.value) || false;
        await this.load();
    }

    async onFilterChange(key, ev) {
        this.state.filters = { ...this.state.filters, [key]: ev.target.value };
        await this.load();
    }

    /** Open an action: its dict, or `{xml_id, context}`. A dialogue refreshes the page. */
    open(action) {
        const onClose = () => this.load();
        if (!action) {
            return this.load();
        }
        if (action.xml_id) {
            return this.action.doAction(action.xml_id, {
                additionalContext: action.context,
                onClose,
            });
        }
        return this.action.doAction(action, { onClose });
    }

    async hideChecklist(hidden) {
        await this.orm.call(this.model, "set_checklist_hidden", [hidden]);
        await this.load();
    }

    format(value) {
        return typeof value === "number" ? this.numbers.format(value) : value;
    }
}

registry.category("actions").add("recall_dashboard", RecallDashboard);
