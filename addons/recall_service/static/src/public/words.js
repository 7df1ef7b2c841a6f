// SPDX-License-Identifier: LGPL-3.0-only

/**
 * The texts that a script shows: they stand translated in the page's own template.
 *
 * @param {HTMLElement} element holds a ``template.o_recall_words``
 * @returns {(name: string, values?: object) => string} gives the text of a name, with
 *     each ``{key}`` in it replaced by its value
 */
export function readWords(element) {
    const { content } = element.querySelector("template.o_recall_words");
    return (name, values = {}) =>
        content
            .querySelector(`[data-word="${name}"]`)
            .textContent.replace(/\{(\w+)\}/g, (_mark, key) => values[key]);
}
