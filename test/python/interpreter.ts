/** Programs of test/children/ for the Python that test/needs.ts has chosen. */
import { resolve } from "node:path";
import type { Program } from "../job/launch.ts";
import { pythonPath } from "../needs.ts";

export const pythonChild = (name: string): Program => [pythonPath, resolve("test/children", name)];
