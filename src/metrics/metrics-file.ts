/**
 * The text file that node_exporter's collector reads: replaced as a whole, readable by all, removed at the
 * end so that a supervisor that was stopped isn't taken for one that hangs. Never waited for by a tick, and
 * never replaces or removes a file that another program or supervisor has written.
 */
import { rmSync } from "node:fs";
import { chmod, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { identityOf } from "../files/file-identity.ts";

const READABLE = 0o644;

export class MetricsFile {
  readonly path: string;
  /** The first line, by which a later life of the same supervisor knows the file. */
  readonly #mark: string;
  #identity: string | null = null;
  #writing: Promise<void> | null = null;
  #problem: string | null = null;

  /** `whose`: names the supervisor among all of this machine. */
  constructor(path: string, whose: string) {
    this.path = path;
    this.#mark = `# gpu-job-supervisor ${JSON.stringify(whose)}`;
  }

  /** Why the last write failed, as a sentence. */
  get problem(): string | null {
    return this.#problem === null ? null : `The metrics can't be written to ${this.path}: ${this.#problem}.`;
  }

  /** Returns at once. Drops the text while the one before is still being written. */
  write(text: string): void {
    this.#writing ??= this.#replace(`${this.#mark}\n${text}`).finally(() => {
      this.#writing = null;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#identity === null || identityOf(this.path) !== this.#identity) return;
    try {
      rmSync(this.path);
    } catch {
      // Its folder has become read-only: the time in the file tells its age.
    }
  }

  async #replace(text: string): Promise<void> {
    // The collector reads only names that end in .prom.
    const fresh = join(dirname(this.path), `.${basename(this.path)}.${process.pid}`);
    try {
      if (!(await this.#isOurs())) {
        this.#problem = "something else wrote that file. Remove it, or name another in 'metrics.file'";
        return;
      }
      await rm(fresh, { force: true });
      await writeFile(fresh, text, { flag: "wx", mode: READABLE });
      // The umask may have taken the reader's right.
      await chmod(fresh, READABLE);
      const identity = identityOf(fresh);
      await rename(fresh, this.path);
      this.#identity = identity;
      this.#problem = null;
    } catch (error) {
      this.#problem = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      await rm(fresh, { force: true }).catch(() => {});
    }
  }

  async #isOurs(): Promise<boolean> {
    const there = identityOf(this.path);
    return (
      there === null ||
      there === this.#identity ||
      (await beginning(this.path, this.#mark.length + 1)) === `${this.#mark}\n`
    );
  }
}

async function beginning(path: string, characters: number): Promise<string> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4 * characters), 0, 4 * characters, 0);
    return buffer.toString("utf8", 0, bytesRead).slice(0, characters);
  } finally {
    await file.close();
  }
}
