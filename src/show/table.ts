/** Rows of cells as lines, each column as wide as its widest cell. Pure. */

/** `sides`: on which side the cells of each column stand; left where none is given. */
export function table(rows: readonly string[][], sides: readonly ("left" | "right")[] = []): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) =>
        sides[at] === "right" ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
