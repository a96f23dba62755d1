/** Programs of test/children/ for the Python that test/needs.ts has chosen. */
import { resolve } from "node:path";
import { pythonPath } from "../python-path.ts";

export const pythonChild = (name: string): string[] => [pythonPath, resolve("test/children", name)];
