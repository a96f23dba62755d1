/**
 * One stream of frames: audio, tokens, answers. It passes the job's gate before every frame, and blocks
 * there while the job is held. Drops nothing, repeats nothing, and knows nothing of the supervisor.
 */

/** What a stream asks of the job that it belongs to. */
export interface Gatekeeper {
  /** Whether frames may pass. */
  readonly open: boolean;
  /** Resolves when they may again. */
  opened(): Promise<void>;
  /** Before a frame passes: lets signal handlers run now and then. */
  breathe(): Promise<void>;
  /** A frame has passed. */
  passed(): void;
  /** A stream has come to the gate, or has ended: perhaps all are held now. */
  settled(stream: Stream): void;
}

export class Stream {
  readonly name: string;
  readonly #gatekeeper: Gatekeeper;
  /** At work on a frame, as far as can be seen: between one frame and the asking for the next. */
  #busy: boolean;
  ended = false;
  #heldMs = 0;
  readonly #waitingSince = new Set<{ ms: number }>();

  /** @param busy false for a stream that waits for its input before it works */
  constructor(name: string, gatekeeper: Gatekeeper, busy: boolean) {
    this.name = name;
    this.#gatekeeper = gatekeeper;
    this.#busy = busy;
  }

  /** Nothing of it can pass: it is at the closed gate, or its next frame will stop there. */
  get held(): boolean {
    return !this.#gatekeeper.open && !this.#busy;
  }

  /** How long its frames have been held at the gate so far, in ms. A player that keeps time subtracts it. */
  get heldMs(): number {
    const now = performance.now();
    return [...this.#waitingSince].reduce((sum, { ms }) => sum + now - ms, this.#heldMs);
  }

  /**
   * Call before every frame: resolves at once, or when the job goes on.
   * @throws Error only when a save function calls it, which would wait for itself
   */
  gate(): Promise<void> {
    return this.pass(true);
  }

  /** @param busy whether what happens to the frame is work of this job's until it asks for the next */
  async pass(busy: boolean): Promise<void> {
    await this.rest();
    this.#busy = busy;
    this.#gatekeeper.passed();
  }

  /** The stream is done; a job whose streams have all ended produces nothing. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#busy = false;
    this.#gatekeeper.settled(this);
  }

  /** Blocks like `gate`, with no frame to let through. */
  async rest(): Promise<void> {
    this.#busy = false;
    await this.#gatekeeper.breathe();
    while (!this.#gatekeeper.open) {
      this.#gatekeeper.settled(this);
      const since = { ms: performance.now() };
      this.#waitingSince.add(since);
      await this.#gatekeeper.opened();
      this.#waitingSince.delete(since);
      this.#heldMs += performance.now() - since.ms;
    }
  }

  /** Does some work on the next frame, which counts as work until it is done. */
  async working<T>(work: () => T): Promise<Awaited<T>> {
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
