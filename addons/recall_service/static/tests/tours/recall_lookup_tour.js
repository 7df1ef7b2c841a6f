// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// In the scope of the test's plan: one open, one done. See tests/test_page_tour.py.
const OPEN = "LTZAA11B4SA900001";
const DONE = "LTZAA11B6SA900002";
const UNKNOWN = "LTZAA11B8SA900003";
const WRONG = "LTZAA11B4SA9OOOO1";

const WORDS = {
    english: {
        open: "open recall",
        done: "is done",
        none: "No recall of this vehicle is known",
        invalid: "This is not a VIN",
        position: "Position 13, 14, 15, 16",
    },
    chinese: {
        open: "未完成的召回",
        done: "召回已完成",
        none: "未查到",
        invalid: "这不是有效的VIN",
        position: "第13, 14, 15, 16位",
    },
};

function checkWidth() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`The page is ${scrollWidth} wide on a ${clientWidth} screen`);
    }
}

function ask(vin, name, words) {
    return [
        {
            content: `Type the VIN of the case "${name}"`,
            trigger: "#o_recall_vin",
            run: `edit ${vin}`,
        },
        {
            content: "Check it",
            trigger: ".o_recall_button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: `The answer is the case "${name}", in its own words`,
            trigger: `.o_recall_case_${name} h2:contains(${words[name]})`,
            run: checkWidth,
        },
    ];
}

for (const [language, words] of Object.entries(WORDS)) {
    registry.category("web_tour.tours").add(`recall_lookup_${language}`, {
        steps: () => [
            ...ask(OPEN.toLowerCase(), "open", words),
            ...ask(DONE, "done", words),
            ...ask(UNKNOWN, "none", words),
            ...ask(WRONG, "invalid", words),
            {
                content: "The wrong characters are named",
                trigger: `.o_recall_sentences:contains(${words.position})`,
            },
            {
                content: "They are marked in the row of characters",
                trigger: ".o_recall_characters .o_recall_wrong:nth-child(13)",
            },
            {
                content: "Take the suggestion",
                trigger: ".o_recall_suggestion button",
                run: "click",
                expectUnloadPage: true,
            },
            {
                content: "It is filled in and not searched yet",
                trigger: `body:not(:has(.o_recall_answer)) #o_recall_vin:value(${OPEN})`,
            },
            {
                content: "Check it",
                trigger: ".o_recall_button",
                run: "click",
                expectUnloadPage: true,
            },
            {
                content: "Now it is found",
                trigger: ".o_recall_case_open",
            },
            {
                content: "Open the explanation",
                trigger: ".o_recall_where summary",
                run: "click",
            },
            {
                content: "The drawing is there",
                trigger: ".o_recall_where[open] svg",
                run: checkWidth,
            },
        ],
    });
}
