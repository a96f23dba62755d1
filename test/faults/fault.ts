/** One bad input or fault, and the real thing that is done with it to learn what it gives. */
export interface Fault {
  /** What is wrong, as a person would put it. */
  fault: string;
  /** The message or event that it gives, from the program itself. */
  gives: () => string | Promise<string>;
}

export interface Group {
  title: string;
  faults: Fault[];
}

/** What `act` throws, as its message. */
export function thrown(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}
