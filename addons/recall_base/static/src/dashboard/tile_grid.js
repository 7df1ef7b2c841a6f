// SPDX-License-Identifier: LGPL-3.0-only
import { Component } from "@odoo/owl";
import { user } from "@web/core/user";

/**
 * Places as tiles of equal size, each about where it lies: no map with borders, and a
 * small place is as easy to read and to press as a large one. The figures stand in the
 * tiles, so that the shade alone tells nothing; the table behind has all of them.
 */
export class RecallTileGrid extends Component {
    static template = "recall_base.TileGrid";
    static props = { plot: Object, open: Function, format: Function };

    setup() {
        this.compact = new Intl.NumberFormat(user.lang, { notation: "compact" });
    }

    describe(tile) {
        const cells = tile.cells.map(
            (cell, index) => `${this.props.plot.columns[index + 1]}: ${this.props.format(cell)}`
        );
        return `${tile.name}. ${cells.join(", ")}`;
    }

    get rows() {
        const { tiles, unknown } = this.props.plot;
        return unknown ? [...tiles, { key: "unknown", ...unknown }] : tiles;
    }
}
