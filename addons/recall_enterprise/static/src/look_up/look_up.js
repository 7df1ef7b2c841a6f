// SPDX-License-Identifier: LGPL-3.0-only
import { VinInput } from "@recall_base/vin_field/vin_input";
import { Component, onMounted, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/**
 * The dealer's first screen: scan or type the VIN of the vehicle at the counter, see
 * at once what there is to do, and do it.
 */
export class LookUp extends Component {
    static template = "recall_enterprise.LookUp";
    static components = { Layout, VinInput };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Look up a vehicle");

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.state = useState({
            text: this.props.state?.text || "",
            asking: false,
            answer: null,
        });
        // Back from the report or the appointment, she sees what has become of it.
        useSetupAction({ getLocalState: () => ({ text: this.state.text }) });
        onMounted(() => this.lookUp());
    }

    get canAsk() {
        return this.state.text.trim().length > 0 && !this.state.asking;
    }

    onChange(text) {
        this.state.text = text;
        if (this.state.answer && this.state.answer.vin !== text) {
            this.state.answer = null;
        }
    }

    async onDone(text) {
        this.state.text = text;
        await this.lookUp();
    }

    async lookUp() {
        if (!this.canAsk) {
            return;
        }
        this.state.asking = true;
        try {
            this.state.answer = await this.orm.call("recall.desk", "look_up", [this.state.text]);
            this.state.text = this.state.answer.vin;
        } finally {
            this.state.asking = false;
        }
    }

    onNext() {
        Object.assign(this.state, { text: "", answer: null });
    }

    recordRepair(recall) {
        return this.run("record_repair", recall);
    }

    async bookAppointment(recall) {
        await this.run("book_appointment", recall, { onClose: () => this.lookUp() });
    }

    async run(method, recall, options = {}) {
        const action = await this.orm.call("recall.desk", method, [
            this.state.answer.vin,
            recall.recall_number,
        ]);
        await this.action.doAction(action, options);
    }

    get nothingFound() {
        return _t(
            "No recall of %(producer)s has %(vin)s in its list. Nothing is to be done for a recall.",
            this.state.answer
        );
    }

    reportButton(recall) {
        const labels = {
            draft: _t("Continue the report"),
            rejected: _t("Correct the report"),
            checked: _t("Show the report"),
            confirmed: _t("Show the report"),
        };
        return recall.report ? labels[recall.report.state] : _t("Record repair");
    }
}

registry.category("actions").add("recall_enterprise.look_up", LookUp);
