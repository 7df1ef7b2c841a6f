// SPDX-License-Identifier: LGPL-3.0-only
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { formatFloat } from "@web/core/utils/numbers";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { RecallPlot } from "@recall_base/dashboard/plot";

/** Shows a Json field with the shape of `recall.dashboard._plot` as a plot. */
export class RecallPlotField extends Component {
    static template = "recall_management.PlotField";
    static components = { RecallPlot };
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
        this.open = (action) => this.action.doAction(action);
        this.format = (value) => formatFloat(value || 0, { digits: [16, 2] });
    }

    get plot() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("recall_plot", {
    component: RecallPlotField,
    supportedTypes: ["json"],
});
