// SPDX-License-Identifier: LGPL-3.0-only
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";

const NAMESPACE = "%";
// A VIN, the end of one, or a recall number: with a digit, and nothing else.
const LIKELY = /^(?=.*[0-9])[0-9A-Za-z]{6,17}$/;

function makeCommand(env, text) {
    return {
        name: _t("Recalls: look for %s", text),
        action() {
            env.services.action.doAction({
                type: "ir.actions.client",
                tag: "recall_search",
                params: { text },
            });
        },
    };
}

async function provide(env, text) {
    const found = text && (await user.hasGroup("recall_base.group_reader"));
    return found ? [makeCommand(env, text)] : [];
}

registry.category("command_setup").add(NAMESPACE, {
    emptyMessage: _t("Type a VIN, its last 6 characters, or a recall number"),
    name: _t("vehicles and recalls"),
    placeholder: _t("VIN, its last 6 characters, or recall number"),
});
registry.category("command_provider").add("recall_search", {
    namespace: NAMESPACE,
    provide: (env, { searchValue = "" }) => provide(env, searchValue.trim()),
});
// Whoever pastes a VIN without the sign means the same.
registry.category("command_provider").add("recall_search_pasted", {
    provide: (env, { searchValue = "" }) => {
        const text = searchValue.trim();
        return provide(env, LIKELY.test(text) && text);
    },
});
