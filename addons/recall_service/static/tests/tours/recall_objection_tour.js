// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// The same steps in every language: no selector holds a text.
// See tests/test_objection_tour.py.
const tours = registry.category("web_tour.tours");
const OPEN = "LTZAA11B4SA900001";

function checkWidth() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`The page is ${scrollWidth} wide on a ${clientWidth} screen`);
    }
}

function press(content, trigger) {
    return { content, trigger, run: "click", expectUnloadPage: true };
}

async function choosePhoto() {
    const canvas = document.createElement("canvas");
    canvas.width = 300;
    canvas.height = 400;
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const chosen = new DataTransfer();
    chosen.items.add(new File([blob], "order.png", { type: "image/png" }));
    document.querySelector("#o_recall_photo").files = chosen.files;
}

tours.add("recall_objection_visitor", {
    steps: () => [
        { content: "Type the VIN", trigger: "#o_recall_vin", run: `edit ${OPEN}` },
        press("Check it", ".o_recall_button"),
        press("Object", ".o_recall_case_open .o_recall_objection_ask button"),
        {
            content: "The form says what it is about",
            trigger: `.o_recall_checked .o_recall_vin:contains(${OPEN})`,
            run: checkWidth,
        },
        {
            content: "Say which workshop",
            trigger: "#o_recall_workshop",
            run: "edit Workshop East",
        },
        press("Send it without the day", ".o_recall_objection_form .o_recall_button"),
        {
            content: "The slip is named, with a link to its field",
            trigger: "[role=alert] a[href='#o_recall_repair_date']",
            run: checkWidth,
        },
        {
            content: "What was right is still there",
            trigger: "#o_recall_workshop:value(Workshop East)",
        },
        {
            content: "Say which day",
            trigger: "#o_recall_repair_date[aria-invalid=true]",
            run: ({ anchor }) => {
                anchor.value = "2025-03-01";
            },
        },
        { content: "Choose a photo", trigger: "#o_recall_photo", run: choosePhoto },
        press("Send it", ".o_recall_objection_form .o_recall_button"),
        {
            content: "There is a receipt, and the address holds no VIN",
            trigger: ".o_recall_receipt",
            run: () => {
                checkWidth();
                if (window.location.href.includes(OPEN)) {
                    throw new Error("The VIN is in the address");
                }
            },
        },
        { content: "Choose the same again", trigger: "#o_recall_photo", run: choosePhoto },
        press("Add it", ".o_recall_objection_form button"),
        { content: "It is the page again", trigger: ".o_recall_steps li:only-child" },
        {
            content: "Think of withdrawing",
            trigger: ".o_recall_withdraw summary",
            run: "click",
        },
        press("Withdraw", ".o_recall_withdraw[open] button"),
        {
            content: "It has ended: nothing is left to press",
            trigger: "#wrap:not(:has(form)) .o_recall_steps li:nth-child(2)",
            run: checkWidth,
        },
    ],
});

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
