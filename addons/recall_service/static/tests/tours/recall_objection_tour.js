// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// The same steps in every language: no selector holds a text.
// See tests/test_objection_tour.py.
const tours = registry.category("web_tour.tours");

function button(name) {
    return {
        content: name,
        trigger: `.o_form_view .o_form_statusbar button[name=${name}]`,
        run: "click",
    };
}

tours.add("recall_objection_producer", {
    steps: () => [
        {
            content: "Only the own objection is there",
            trigger: ".o_list_view .o_data_row:only-of-type .o_data_cell[name=receipt]",
            run: "click",
        },
        {
            content: "The photo can be seen",
            trigger: ".o_field_widget[name=photos_html] img.o_recall_proof",
            run: async ({ anchor }) => {
                await anchor.decode();
                if (anchor.naturalWidth !== 60) {
                    throw new Error("This is not the photo");
                }
            },
        },
        button("action_take"),
        { content: "It is mine", trigger: "button[name=action_give_back]" },
        button("action_refuse"),
        {
            content: "Choose why",
            trigger: ".modal .o_field_widget[name=reason_id] input",
            run: "click",
        },
        {
            content: "The first reason",
            trigger: ".o-autocomplete--dropdown-item a:not(:has(i.fa)):first",
            run: "click",
        },
        {
            content: "Say it in words",
            trigger: ".modal .o_field_widget[name=note] input",
            run: "edit Tour words",
        },
        {
            content: "Refuse",
            trigger: ".modal button[name=action_apply]:visible",
            run: "click",
        },
        {
            content: "It is refused, with the words",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=decision_note]",
        },
        button("action_reopen"),
        {
            content: "Yes, take it back",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "It waits for an answer again",
            trigger: "body:not(:has(.modal)) button[name=action_accept]",
        },
    ],
});
