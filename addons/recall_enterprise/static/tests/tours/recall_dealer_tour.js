// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// In the scope of the test's plan, and as it is misread. See tests/test_dealer_tour.py.
const OPEN = "LTZAA11B4SA900001";
const MISREAD = "ltzaa11b4sa9oooo1";
const MEASURE = "Dealers replace the brake hose.";

const WORDS = {
    english: {
        position: "position 13, 14, 15, 16",
        open: "Open recall",
        rejected: "Not accepted",
        checked: "Handed in",
        found: "Your report",
    },
    chinese: {
        position: "第13, 14, 15, 16位",
        open: "有未完成的召回",
        rejected: "未通过",
        checked: "已提交",
        found: "本店报告",
    },
};

function checkWidth() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`The page is ${scrollWidth} wide on a ${clientWidth} screen`);
    }
}

function lookUp(words) {
    return [
        {
            content: "The account lands at the look-up; type the VIN as it is misread",
            trigger: ".o_recall_look_up .o_recall_vin_text",
            run: `edit ${MISREAD}`,
        },
        {
            content: "The wrong characters are named at once",
            trigger: `.o_recall_vin_said:contains(${words.position})`,
            run: checkWidth,
        },
        {
            content: "Take the suggestion",
            trigger: `.o_recall_vin_suggestion:contains(${OPEN})`,
            run: "click",
        },
        {
            content: "The open recall is told, with its measure",
            trigger: `.o_recall_case_open:contains(${words.open}) ~ .o_recall_card:contains(${MEASURE})`,
            run: checkWidth,
        },
    ];
}

function book() {
    return [
        { content: "Book", trigger: ".o_recall_book", run: "click" },
        {
            content: "The dialogue proposes a time: take it",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The appointment stands in the answer",
            trigger: "body:not(:has(.modal)) .o_recall_appointment",
            run: checkWidth,
        },
    ];
}

function record(words) {
    return [
        { content: "Record the repair", trigger: ".o_recall_record", run: "click" },
        {
            content: "The VIN is filled in",
            trigger: `.o_recall_entry .o_recall_vin_text:value(${OPEN})`,
        },
        {
            content: "The parts of the plan are ticked",
            trigger: ".o_recall_parts input:checked",
            run: checkWidth,
        },
        {
            content: "Number of the repair",
            trigger: "[name=repair_number] input",
            run: "edit WO-TOUR-1",
        },
        { content: "Phone", trigger: "[name=phone] input", run: "edit 13812344321" },
        {
            content: "A measure that the plan does not foresee",
            trigger: "[name=reported_measure] textarea",
            run: "edit Something else",
        },
        { content: "Hand in", trigger: "button[name=action_hand_in]", run: "click" },
        {
            content: "It is not accepted, and said why",
            trigger: `.alert-danger:contains(${words.rejected}) .o_kanban_record`,
            run: checkWidth,
        },
        {
            content: "The phone is masked",
            trigger: "[name=phone_masked]:contains(138****4321)",
        },
        {
            content: "Put it right",
            trigger: "[name=reported_measure] textarea",
            run: `edit ${MEASURE}`,
        },
        { content: "Hand in again", trigger: "button[name=action_hand_in]", run: "click" },
        {
            content: "It passed the checks",
            trigger: `.alert-warning:contains(${words.checked})`,
            run: checkWidth,
        },
        {
            content: "Nothing can be changed any more",
            trigger: "body:not(:has(button[name=action_hand_in], [name=repair_number] input))",
        },
    ];
}

function comeBack(words) {
    return [
        {
            content: "Back to the look-up",
            trigger: ".o_back_button",
            run: "click",
        },
        {
            content: "The vehicle is asked for anew: its report is found",
            trigger: `.o_recall_card:contains(${words.found})`,
            run: checkWidth,
        },
    ];
}

for (const [language, words] of Object.entries(WORDS)) {
    registry.category("web_tour.tours").add(`recall_dealer_${language}`, {
        steps: () => [...lookUp(words), ...book(), ...record(words), ...comeBack(words)],
    });
}
