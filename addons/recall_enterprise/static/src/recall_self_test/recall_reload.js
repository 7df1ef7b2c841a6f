/** @odoo-module **/
// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, onWillUnmount, useState, xml } from "@odoo/owl";

const PERIOD = 1000; // ms

/** Loads the record again each second as long as its state is "running". */
export class RecallReload extends Component {
    static template = xml`<i t-if="state.running" class="fa fa-spinner fa-spin" role="status"/>`;
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ running: this.running });
        this.timer = setInterval(() => this.reload(), PERIOD);
        onWillUnmount(() => clearInterval(this.timer));
    }

    get running() {
        return this.props.record.data.state === "running";
    }

    async reload() {
        if (this.running) {
            await this.props.record.load();
        } else {
            clearInterval(this.timer);
        }
        this.state.running = this.running;
    }
}

registry.category("view_widgets").add("recall_reload", { component: RecallReload });
