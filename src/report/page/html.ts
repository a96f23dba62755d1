/** Text in HTML. Pure. */

/** Text that any tag or quoted attribute may hold. */
export const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** For a script of type application/json: no text in it can end the script. */
export const jsonIn = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** Cells that are HTML already. The first of a row is its head. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  caption: string,
): string {
  const head = heads.map((one) => `<th scope="col">${escaped(one)}</th>`).join("");
  const body = rows.map(([first = "", ...rest]) => {
    const cells = rest.map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}
