/**
 * What the build puts in the place of two parts of Ink (build/lines-for-ink.ts). Ink's own cut every row of a frame into
 * cells and join them again, and look for the first changed cell of a row: most of what a second of the dashboard cost.
 * Here a row is one painted line already, so it stays as it is, and is written whole when it has changed.
 */

interface Written {
  transformers: ((line: string, index: number) => string)[];
}

/** Collects the rows of a frame; only such as begin in the first column and stand alone. */
export class LineOutput {
  readonly #height: number;
  readonly #lines: string[] = [];

  constructor({ height }: { height: number }) {
    this.#height = height;
  }

  write(x: number, y: number, text: string, { transformers }: Written): void {
    for (const [index, blank] of text.split("\n").entries()) {
      const row = y + index;
      if (x !== 0 || this.#lines[row] !== undefined)
        throw new Error(`two texts in row ${row} of the dashboard`);
      const line = transformers.reduce((before, transform) => transform(before, index), blank);
      this.#lines[row] = line.trimEnd();
    }
  }

  get(): { output: string; height: number } {
    return { output: this.#lines.join("\n"), height: this.#height };
  }
}

/** Column 1, erase to the end of the line, and the line. */
export const lineUpdate = (_before: string, now: string): string => `\u001b[1G\u001b[K${now}`;
