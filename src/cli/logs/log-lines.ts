/** Bytes of a log → its lines. Of a line that is redrawn with carriage returns only the newest state is held. */
import { StringDecoder } from "node:string_decoder";
import { lastState, neutralLogLine } from "../../show/neutral.ts";

/** A line is held as it is up to this length; a longer one that is redrawn, in its newest state. */
const HELD = 8192;
/** Something that never breaks its lines is shown in pieces of this size. */
const LONGEST_LINE = 1024 * 1024;

export class LogLines {
  readonly #line: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #redrawn = false;

  /** `line` receives each line, once it is whole, with nothing in it that acts on a terminal. */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) this.#line(neutralLogLine(line));
    if (lines.length > 0) this.#redrawn = false;
    this.#redrawn ||= rest.includes("\r");
    // A bar may be redrawn for days without a line break.
    this.#rest = rest.length > HELD ? lastState(rest) : rest;
    if (this.#rest.length > LONGEST_LINE) this.end();
  }

  /** The line that isn't whole yet; `redrawn`: it has been drawn over itself, as a progress bar. */
  get unfinished(): { text: string; redrawn: boolean } {
    return { text: neutralLogLine(this.#rest), redrawn: this.#redrawn };
  }

  /** Nothing more will come: what is left is a line. */
  end(): void {
    if (this.#rest !== "") this.#line(neutralLogLine(this.#rest));
    this.#rest = "";
    this.#redrawn = false;
  }
}
