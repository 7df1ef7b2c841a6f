// SPDX-License-Identifier: LGPL-3.0-only
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const SEPARATOR = /\s*,\s*/;

/**
 * The widget `recall_parts`: part numbers, separated by commas in the field, ticked off
 * a list. The list is the record's `plan_parts`: what the plan foresees.
 */
export class PartsField extends Component {
    static template = "recall_enterprise.PartsField";
    static props = { ...standardFieldProps };

    get used() {
        const text = this.props.record.data[this.props.name] || "";
        return text.split(SEPARATOR).filter(Boolean);
    }

    /** The plan's parts, and those reported that the plan does not have. */
    get choices() {
        const planned = this.props.record.data.plan_parts || [];
        const known = new Set(planned.map((part) => part.number));
        const others = this.used.filter((number) => !known.has(number));
        return [...planned, ...others.map((number) => ({ number, name: _t("not in the plan") }))];
    }

    async toggle(number) {
        const used = new Set(this.used);
        if (!used.delete(number)) {
            used.add(number);
        }
        const kept = this.choices.map((part) => part.number).filter((one) => used.has(one));
        await this.props.record.update({ [this.props.name]: kept.join(", ") });
    }
}

registry.category("fields").add("recall_parts", {
    component: PartsField,
    displayName: _t("Parts of the plan"),
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "plan_parts", type: "json", readonly: true }],
});
