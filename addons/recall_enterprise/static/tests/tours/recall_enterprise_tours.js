// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// The same steps in every language: no selector holds a text. See tests/test_tours.py.
const PRODUCER = "Tour Motors";
const VIN = "LTZAA11B4SA900001";
const PLAN = {
    plans: [
        {
            recallNum: "S2025M9901V",
            producerName: PRODUCER,
            brand: "Tour",
            series: "T1",
            model: "TRM7000A",
            recallStartTime: "2025-01-15",
            numRecall: 2,
            vinRange: "as printed",
            defectDesc: "The brake hose may crack.",
            possibleConsequence: "Braking may take longer.",
            repairMethod: "Dealers replace the brake hose.",
            dealers: [{ dealerName: "Tour Dealer", region: "310115" }],
            vins: [{ vin: VIN }, { vin: "LTZAA11B6SA900002" }],
        },
    ],
};

const tours = registry.category("web_tour.tours");

function step(key) {
    return `.o_recall_step[data-key=${key}]`;
}

function press(key) {
    return {
        content: `Press the button of the step ${key}`,
        trigger: `${step(key)}.o_recall_next button.btn-primary`,
        run: "click",
    };
}

function isDone(key) {
    return { content: `The step ${key} is done`, trigger: `${step(key)}.o_recall_done` };
}

function back(content = "Back to the dashboard") {
    return { content, trigger: ".o_breadcrumb .o_back_button", run: "click" };
}

function tile(key) {
    return {
        content: `Open the list of the tile ${key}`,
        trigger: `.o_recall_tile[data-key=${key}]`,
        run: "click",
    };
}

function choosePlanFile({ anchor }) {
    const file = new File([JSON.stringify(PLAN)], "plans.json", { type: "application/json" });
    const transfer = new DataTransfer();
    transfer.items.add(file);
    anchor.files = transfer.files;
    anchor.dispatchEvent(new Event("change", { bubbles: true }));
}

const issueToken = [
    {
        content: "Issue a token",
        trigger: "button[name=action_issue_token].btn-primary",
        run: "click",
    },
    {
        content: "Say who uses it",
        trigger: ".modal .o_field_widget[name=name] input",
        run: "edit Tour peer",
    },
    { content: "Issue it", trigger: ".modal button[name=action_issue]", run: "click" },
    {
        content: "It is shown",
        trigger: ".modal .o_field_widget[name=secret]:not(:empty)",
    },
    {
        content: "Close the dialogue",
        trigger: ".modal:has([name=secret]) .modal-footer button",
        run: "click",
    },
    { trigger: "body:not(:has(.modal))" },
];

tours.add("recall_administrator_opens", {
    steps: () => [
        { trigger: ".o_recall_checklist" },
        press("producer"),
        {
            content: "Type the producer's name",
            trigger: ".o_form_view .o_field_widget[name=name] input",
            run: `edit ${PRODUCER}`,
        },
        ...stepUtils.saveForm(),
        back(),
        isDone("producer"),
        isDone("keys"),
        press("plan"),
        { content: "New file", trigger: ".o_list_button_add", run: "click" },
        {
            content: "What may it hold?",
            trigger: ".o_field_widget[name=kind] input",
            run: "click",
        },
        {
            content: "Filed plans",
            trigger: ".o_select_menu_item:contains(JSON)",
            run: "click",
        },
        {
            content: "What the file must be is said",
            trigger: ".o_form_view p.text-muted:contains(JSON)",
        },
        {
            content: "The import is kept, to have a file",
            trigger: ".o_recall_import_upload button",
            run: "click",
        },
        { trigger: ".o_form_view button[name=action_discard]" },
        {
            content: "Choose the plan's file",
            trigger: ".o_recall_import_upload input[type=file]:not(:visible)",
            run: choosePlanFile,
        },
        {
            content: "Import it",
            trigger: ".o_form_view button[name=action_start]",
            run: "click",
        },
        {
            content: "The plan is in, and nothing refused",
            trigger:
                ".o_form_view:has([name=state] [data-value=done][aria-checked=true]):not(:has(.nav-link[name=errors])) [name=taken_count]:contains(1)",
        },
        back("Back to the list"),
        { trigger: ".o_list_view" },
        back(),
        isDone("plan"),
        isDone("dealers"),
        press("interface"),
        ...stepUtils.saveForm(),
        back(),
        press("token"),
        ...issueToken,
        back(),
        isDone("token"),
        press("collection"),
        ...stepUtils.saveForm(),
        ...issueToken,
        back(),
        isDone("collection"),
        { trigger: `${step("confirmed")}.o_recall_next` },
    ],
});

tours.add("recall_administrator_confirms", {
    steps: () => [
        press("confirmed"),
        { content: "Open the report", trigger: ".o_data_row .o_data_cell[name=vin]", run: "click" },
        { content: "Confirm it", trigger: "button[name=action_confirm]", run: "click" },
        { content: "It is confirmed", trigger: ".o_form_view button[name=action_withdraw]" },
        back("Back to the list"),
        { trigger: ".o_list_view" },
        back(),
        isDone("confirmed"),
        { trigger: `${step("acknowledged")}.o_recall_next` },
    ],
});

tours.add("recall_administrator_is_done", {
    steps: () => [
        { content: "Nothing is left to do", trigger: ".o_recall_all_done" },
        {
            content: "Hide the first steps",
            trigger: ".o_recall_checklist_hide",
            run: "click",
        },
        {
            content: "Show them again",
            trigger: ".o_recall_checklist_show",
            run: "click",
        },
        { trigger: ".o_recall_checklist" },
        { content: "The report was delivered", trigger: ".o_recall_tile[data-key=delivered] .o_recall_value:contains(1)" },
    ],
});

function select(rows) {
    return rows.map((row) => ({
        content: `Choose report ${row}`,
        trigger: `.o_data_row:eq(${row}) .o_list_record_selector input`,
        run: "click",
    }));
}

tours.add("recall_reviewer", {
    steps: () => [
        { trigger: ".o_recall_tile[data-key=checked] .o_recall_value:contains(3)" },
        tile("checked"),
        ...select([0, 1]),
        {
            content: "Confirm both",
            trigger: ".o_control_panel button[name=action_confirm]",
            run: "click",
        },
        { content: "One is left", trigger: ".o_list_view:not(:has(.o_data_row:eq(1)))" },
        { trigger: ".o_data_row .o_data_cell[name=vin]", run: "click" },
        { content: "Reject it", trigger: "button[name=action_reject]", run: "click" },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=reason_id] input",
            run: "click",
        },
        {
            // Not the line that says it is loading.
            trigger: ".o-autocomplete--dropdown-item a:not(:has(i.fa)):first",
            run: "click",
        },
        { trigger: ".modal:not(:has(.o-autocomplete--dropdown-menu))" },
        {
            content: "In words",
            trigger: ".modal .o_field_widget[name=note] input",
            run: "edit The photograph shows another vehicle",
        },
        {
            content: "Reject",
            trigger: ".modal button[name=action_apply].btn-danger",
            run: "click",
        },
        { content: "It is rejected", trigger: ".o_form_view .o_field_widget[name=reject_reason_id]" },
        back("Back to the list"),
        { trigger: ".o_list_view" },
        back(),
        { trigger: ".o_recall_tile[data-key=checked] .o_recall_value:contains(0)" },
    ],
});

tours.add("recall_clerk", {
    steps: () => [
        tile("rejected"),
        {
            content: "Search a VIN",
            trigger: ".o_searchview_input",
            run: `edit ${VIN}`,
        },
        { trigger: ".o_searchview_autocomplete .o-dropdown-item:first", run: "click" },
        { trigger: `.o_facet_value:contains(${VIN})` },
        {
            content: "Open the report",
            trigger: `.o_data_row .o_data_cell[name=vin]:contains(${VIN})`,
            run: "click",
        },
        {
            content: "Its findings are named",
            trigger: ".o_form_view .o_field_widget[name=finding_ids] .o_data_row",
        },
        {
            content: "A clerk cannot confirm",
            trigger: ".o_form_view:not(:has(button[name=action_confirm]))",
        },
        back("Back to the list"),
        { trigger: ".o_list_view" },
        back(),
        tile("delivered"),
        { content: "Open a delivery", trigger: ".o_data_row .o_data_cell[name=record_count]", run: "click" },
        {
            content: "It says what it carried",
            trigger: ".o_form_view .o_field_widget[name=record_count]",
        },
    ],
});
