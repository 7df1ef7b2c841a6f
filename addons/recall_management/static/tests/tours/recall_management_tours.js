// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// The same steps in every language: no selector holds a text. See tests/test_tours.py.
const tours = registry.category("web_tour.tours");
const SEARCHED = "LTZAA11B4SA900001";
const PLAN = {
    plans: [
        {
            recallNum: "S2025M9911V",
            producerName: "Tour Motors",
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
            vins: [{ vin: "LTZAA11B6SA900002" }, { vin: "LTZAA11B8SA900003" }],
        },
    ],
};

function tile(key) {
    return {
        content: `Open the list of the tile ${key}`,
        trigger: `.o_recall_tile[data-key=${key}]`,
        run: "click",
    };
}

function firstRow() {
    return {
        content: "Open the first one",
        trigger: ".o_list_view .o_data_row .o_data_cell",
        run: "click",
    };
}

function formIsLeft() {
    return { content: "The form is left", trigger: "body:not(:has(.o_form_view))" };
}

function press(name) {
    return { content: name, trigger: `.o_form_view button[name=${name}]`, run: "click" };
}

function back() {
    return {
        content: "Back",
        trigger: ".o_breadcrumb .o_back_button",
        run: "click",
    };
}

function today() {
    return [
        {
            content: "Back to the board",
            trigger: ".o_main_navbar .o_menu_sections [data-menu-xmlid='recall_management.recall_management_menu_today']",
            run: "click",
        },
        { trigger: ".o_recall_dashboard" },
    ];
}

function menu(parent, xmlid) {
    return [
        {
            content: `Menu ${parent}`,
            trigger: `.o_main_navbar .o_menu_sections [data-menu-xmlid='recall_management.${parent}']`,
            run: "click",
        },
        {
            content: `Entry ${xmlid}`,
            trigger: `.o-dropdown--menu [data-menu-xmlid='recall_management.${xmlid}']`,
            run: "click",
        },
    ];
}

function decide(action, reason, note) {
    return [
        press(action),
        {
            content: "Choose a reason",
            trigger: ".modal .o_field_widget[name=reason_id] input",
            run: "click",
        },
        {
            content: "Any reason",
            trigger: `.o-autocomplete--dropdown-menu .o-autocomplete--dropdown-item:contains(${reason}) a`,
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=note] input",
            run: `edit ${note}`,
        },
        {
            content: "Decide",
            trigger: ".modal button[name=action_apply]:visible",
            run: "click",
        },
        { trigger: "body:not(:has(.modal))" },
    ];
}

function search(text) {
    return [
        {
            content: "Type into the search",
            trigger: ".o_recall_search_box input",
            run: `edit ${text}`,
        },
        {
            content: "Search",
            trigger: ".o_recall_search_box button[type=submit]:enabled",
            run: "click",
        },
    ];
}

tours.add("recall_officer_works", {
    steps: () => [
        { trigger: ".o_recall_dashboard .o_recall_tiles" },
        {
            content: "The board names the terminal in trouble",
            trigger: ".o_recall_table tbody tr",
        },
        tile("down"),
        firstRow(),
        press("action_test_call"),
        {
            content: "What the terminal has answered is shown",
            trigger: ".modal .o_form_view",
        },
        {
            content: "Close it",
            trigger: ".modal .modal-footer button, .modal .btn-close",
            run: "click",
        },
        { trigger: "body:not(:has(.modal))" },
        ...today(),
        tile("quarantine"),
        {
            content: "Open the one that cannot be released",
            trigger: ".o_data_row:contains(RO-RETURN) .o_data_cell",
            run: "click",
        },
        ...decide("action_return", "Tour reason", "Tour note"),
        back(),
        {
            content: "Open the one that can be released",
            trigger: ".o_data_row:contains(RO-RELEASE) .o_data_cell",
            run: "click",
        },
        ...decide("action_release", "Tour release", "Tour note"),
        ...today(),
        ...search(SEARCHED.slice(-6)),
        {
            content: "The vehicle is found by its last six",
            trigger: `.o_recall_found[data-kind=tail] [data-key=vehicles] .list-group-item:contains(${SEARCHED})`,
        },
        ...search(SEARCHED),
        {
            content: "And by the whole VIN, with its report",
            trigger: ".o_recall_found[data-kind=vin] [data-key=reports] .list-group-item",
            run: "click",
        },
        {
            content: "The report opens",
            trigger: ".o_form_view .o_field_widget[name=phone_masked]:contains(****)",
        },
        back(),
        {
            content: "The answer is still there",
            trigger: ".o_recall_found[data-kind=vin] [data-key=vehicles]",
        },
        ...menu("recall_management_menu_statistics", "recall_management_menu_statistics_page"),
        { content: "The figures", trigger: ".o_recall_dashboard .o_recall_plot" },
        {
            content: "The workbook can be had",
            trigger: ".o_recall_dashboard button[data-key=workbook]",
        },
    ],
});

tours.add("recall_officer_uses_the_palette", {
    steps: () => [
        { trigger: ".o_recall_dashboard" },
        {
            content: "Open the command palette",
            trigger: "body",
            run: "press control+k",
        },
        {
            content: "Type a VIN",
            trigger: ".o_command_palette_search input",
            run: `edit %${SEARCHED}`,
        },
        {
            content: "Look for it",
            trigger: `.o_command_palette .o_command:contains(${SEARCHED})`,
            run: "click",
        },
        { trigger: ".o_recall_found[data-kind=vin] [data-key=vehicles]" },
    ],
});

function chooseFile({ anchor }) {
    const file = new File([JSON.stringify(PLAN)], "plans.json", { type: "application/json" });
    const transfer = new DataTransfer();
    transfer.items.add(file);
    anchor.files = transfer.files;
    anchor.dispatchEvent(new Event("change", { bubbles: true }));
}

tours.add("recall_producer_reads", {
    steps: () => [
        { trigger: ".o_recall_dashboard .o_recall_tiles" },
        tile("quarantine"),
        firstRow(),
        {
            content: "The reasons are there, and nothing to decide",
            trigger: ".o_form_view:not(:has(button[name=action_return])) [name=finding_ids] .o_data_row",
        },
        ...menu("recall_management_menu_plans", "recall_management_menu_plan"),
        formIsLeft(),
        firstRow(),
        {
            content: "What the regulator has written is there",
            trigger: ".o-mail-Message:contains(Tour message)",
        },
        ...menu("recall_management_menu_terminals", "recall_management_menu_enterprise"),
        formIsLeft(),
        firstRow(),
        {
            content: "Its terminal opens",
            trigger: ".o_form_view .o_field_widget[name=url]",
        },
        ...menu("recall_management_menu_statistics", "recall_management_menu_statistics_page"),
        { content: "Its figures are shown", trigger: ".o_recall_dashboard .o_recall_plot" },
    ],
});

tours.add("recall_engineer_adds_a_legacy_vin", {
    steps: () => [
        { trigger: ".o_recall_dashboard" },
        ...menu("recall_management_menu_plans", "recall_management_menu_vin_exception"),
        { content: "New", trigger: ".o_list_button_add", run: "click" },
        {
            content: "The number on the vehicle",
            trigger: ".o_field_widget[name=vin] input",
            run: "edit TOUR1985",
        },
        {
            content: "Its producer",
            trigger: ".o_field_widget[name=producer_id] input",
            run: "edit Producer",
        },
        {
            content: "The only one",
            trigger: ".o-autocomplete--dropdown-item:contains(Producer) a",
            run: "click",
        },
        {
            content: "Why",
            trigger: ".o_field_widget[name=reason] textarea",
            run: "edit Built before the standard",
        },
        {
            content: "A document",
            trigger: ".o_field_widget[name=document] input[type=file]:not(:visible)",
            run: chooseFile,
        },
        ...stepUtils.saveForm(),
    ],
});

tours.add("recall_engineer_sets_up", {
    steps: () => [
        { trigger: ".o_recall_dashboard" },
        ...menu("recall_management_menu_plans", "recall_management_menu_import_files"),
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
            run: chooseFile,
        },
        press("action_start"),
        {
            content: "The plan is in, and nothing refused",
            trigger:
                ".o_form_view:has([name=state] [data-value=done][aria-checked=true]):not(:has(.nav-link[name=errors])) [name=taken_count]:contains(1)",
        },
        ...menu("recall_management_menu_terminals", "recall_management_menu_enterprise"),
        { content: "New terminal", trigger: ".o_list_button_add", run: "click" },
        {
            content: "Of the new producer",
            trigger: ".o_field_widget[name=producer_id] input",
            run: "edit Tour Motors",
        },
        {
            content: "It is the only one",
            trigger: ".o-autocomplete--dropdown-item:contains(Tour Motors) a",
            run: "click",
        },
        {
            content: "Its address",
            trigger: ".o_field_widget[name=url] input",
            run: "edit https://tour.example/recall/v1/sync",
        },
        {
            content: "Its interface",
            trigger: ".o_field_widget[name=api_cfg] input",
            run: "edit tour-cfg",
        },
        {
            content: "Its token",
            trigger: ".o_field_widget[name=api_token] input",
            run: "edit tour.token",
        },
        ...stepUtils.saveForm(),
        {
            content: "Ask it less often",
            trigger: ".o_field_widget[name=interval_minutes] input",
            run: "edit 30",
        },
        ...stepUtils.saveForm(),
    ],
});
