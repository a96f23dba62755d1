/** What was measured side by side, as a table with ratios, and in words where ours is behind. Pure. */

export const OURS = "ours";

/** One kind of figure, of each program that has it; less is better. */
export interface Row {
  what: string;
  unit: string;
  /** By the program's name. */
  values: Record<string, number>;
}

const figure = (x: number): string =>
  x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : Number(x.toPrecision(2)).toString();

/** Ours as a multiple of each other's; bold where ours is more. */
function cell(values: Record<string, number>, name: string): string {
  const [value, own] = [values[name], values[OURS]];
  if (value === undefined) return "–";
  if (name === OURS || own === undefined) return figure(value);
  const ratio = value === 0 ? "" : ` (${figure(own / value)}×)`;
  return isBehind(own, value) ? `**${figure(value)}${ratio}**` : `${figure(value)}${ratio}`;
}

const isBehind = (own: number, other: number): boolean => own > other;

/** In Markdown: a row for each kind of figure that ours has, a column for each program that has any. */
export function ratioTable(rows: Row[]): string {
  const comparable = rows.filter(
    ({ values }) => values[OURS] !== undefined && Object.keys(values).length > 1,
  );
  const names = [...new Set([OURS, ...comparable.flatMap(({ values }) => Object.keys(values))])];
  return [
    `| | ${names.join(" | ")} |`,
    `|---|${names.map(() => "--:").join("|")}|`,
    ...comparable.map(
      ({ what, unit, values }) =>
        `| ${what}, ${unit} | ${names.map((name) => cell(values, name)).join(" | ")} |`,
    ),
  ].join("\n");
}

/** A sentence that names each figure in which ours is behind, and whom. */
export function behind(rows: Row[]): string {
  const places = rows.flatMap(({ what, values }) => {
    const own = values[OURS];
    if (own === undefined) return [];
    const before = Object.keys(values).filter((name) => isBehind(own, values[name] ?? own));
    return before.length === 0 ? [] : [`${what} (${before.join(", ")})`];
  });
  return places.length === 0 ? "Ours is behind in none." : `Ours is behind in: ${places.join("; ")}.`;
}

/** A line for each program that isn't installed, with the line that installs it. */
export const leftOut = (missing: readonly { name: string; install: string }[]): string[] =>
  missing.map(({ name, install }) => `${name} isn't installed and is left out: \`${install}\``);
