// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// The same steps in every language: no selector holds a text.
registry.category("web_tour.tours").add("recall_statistics", {
    steps: () => [
        {
            content: "The page has 34 tiles",
            trigger: ".o_recall_grid_tiles:has(.o_recall_place:nth-child(34))",
        },
        {
            content: "Choose a year",
            trigger: ".o_recall_filter[data-key=year]",
            run: "select 2025",
        },
        {
            content: "The figures are those of the year",
            trigger: ".o_recall_tile[data-key=plans] .o_recall_value:contains(/^1$/)",
        },
        {
            content: "Open a province with the keyboard",
            trigger: ".o_recall_place[data-key='23']:not(.o_recall_shade_0)",
            async run({ anchor }) {
                anchor.focus();
                if (document.activeElement !== anchor) {
                    throw new Error("a tile cannot be reached with the keyboard");
                }
                anchor.click();
            },
        },
        { content: "Its repairs are shown", trigger: ".o_pivot table" },
        {
            content: "Back to the page",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "The filter is still on",
            trigger: ".o_recall_tile[data-key=plans] .o_recall_value:contains(/^1$/)",
        },
        {
            content: "Open the list of the plans",
            trigger: ".o_recall_tile[data-key=plans]",
            run: "click",
        },
        {
            content: "Open the plan",
            trigger: ".o_data_row .o_data_cell",
            run: "click",
        },
        {
            content: "Look at its progress",
            trigger: ".o_notebook a[name=progress]",
            run: "click",
        },
        { content: "Its curve is drawn", trigger: ".o_field_widget[name=progress_svg] svg" },
    ],
});
