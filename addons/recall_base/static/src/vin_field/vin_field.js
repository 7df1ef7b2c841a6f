// SPDX-License-Identifier: LGPL-3.0-only
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { VinInput } from "./vin_input";

/** The widget `recall_vin`: a VIN in a form, typed or scanned. */
export class VinField extends Component {
    static template = "recall_base.VinField";
    static components = { VinInput };
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    onChange(text) {
        return this.props.record.update({ [this.props.name]: text });
    }
}

registry.category("fields").add("recall_vin", {
    component: VinField,
    displayName: _t("VIN"),
    supportedTypes: ["char"],
});
