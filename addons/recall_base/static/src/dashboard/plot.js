// SPDX-License-Identifier: LGPL-3.0-only
/* global Chart */
import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";

const ROW_HEIGHT = 26; // pixels of a lying bar with its distance
const LEGEND_HEIGHT = 60;
const DAYS_HEIGHT = 280;
// Enough contrast (3:1) with the background of the scheme, and with one another.
const COLORS = {
    bright: ["#6f4f8f", "#b4530a", "#0b6e6e"],
    dark: ["#b79ad6", "#f2a45c", "#5cc2c2"],
};

/** A plot of recall.dashboard with the same figures as a table behind it. */
export class RecallPlot extends Component {
    static template = "recall_base.Plot";
    static props = { plot: Object, open: Function, format: Function };

    setup() {
        this.canvas = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.props.plot]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get isEmpty() {
        return !this.props.plot.series.some((series) => series.values.some(Boolean));
    }

    get height() {
        const { kind, labels } = this.props.plot;
        return kind === "bars" ? labels.length * ROW_HEIGHT + LEGEND_HEIGHT : DAYS_HEIGHT;
    }

    draw() {
        this.chart?.destroy();
        this.chart = null;
        if (this.canvas.el) {
            this.chart = new Chart(this.canvas.el, this.config);
        }
    }

    get config() {
        const bars = this.props.plot.kind === "bars";
        return {
            type: bars ? "bar" : "line",
            data: { labels: this.props.plot.labels, datasets: this.datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                indexAxis: bars ? "y" : "x",
                onClick: (_ev, elements) => this.onClick(elements),
                interaction: { mode: "index", intersect: false, axis: bars ? "y" : "x" },
                plugins: {
                    legend: { display: this.props.plot.series.length > 1 },
                    tooltip: { callbacks: { label: (item) => this.describe(item) } },
                },
                scales: {
                    [bars ? "x" : "y"]: {
                        beginAtZero: true,
                        max: this.props.plot.unit === "%" ? 100 : undefined,
                        ticks: { precision: 0 },
                    },
                },
            },
        };
    }

    get datasets() {
        const colors = COLORS[cookie.get("color_scheme")] || COLORS.bright;
        return this.props.plot.series.map((series, index) => {
            const color = colors[index % colors.length];
            return {
                label: series.name,
                data: series.values,
                backgroundColor: color,
                borderColor: color,
                // Told apart without colours, too.
                borderDash: index ? [6, 3] : [],
                pointStyle: index ? "rect" : "circle",
            };
        });
    }

    describe(item) {
        const value = this.props.format(item.raw);
        return `${item.dataset.label}: ${value}${this.props.plot.unit && ` ${this.props.plot.unit}`}`;
    }

    onClick(elements) {
        const action = elements.length && this.props.plot.actions[elements[0].index];
        if (action) {
            this.props.open(action);
        }
    }
}
