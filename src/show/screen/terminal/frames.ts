/** The newest frame, and who draws it: only the rows are rendered again for a new one. */
import { looksSame, type Painted } from "./paint-frame.ts";

export interface Shown {
  painted: Painted;
  /** In cells: Ink takes none from a terminal that tells none. */
  width: number;
}

export class Frames {
  #shown: Shown = { painted: [], width: 80 };
  #draw: () => void = () => {};

  readonly subscribe = (draw: () => void): (() => void) => {
    this.#draw = draw;
    return () => {
      this.#draw = () => {};
    };
  };

  readonly newest = (): Shown => this.#shown;

  show(shown: Shown): void {
    if (looksSame(this.#shown.painted, shown.painted) && this.#shown.width === shown.width) return;
    this.#shown = shown;
    this.#draw();
  }
}
