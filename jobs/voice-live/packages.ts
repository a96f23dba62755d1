/** The packages that bring the networks and their weights. They are this job's, not the supervisor's. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Unusable } from "./unusable.ts";

const INSTALL = "npm install --no-save @jitsi/rnnoise-wasm @ricky0123/vad-web onnxruntime-web";

/** @throws Unusable, with the command that installs it */
export function load<Module>(specifier: string): Promise<Module> {
  return found(specifier, () => import(specifier));
}

/** A file of a package that is no program. */
export function read(specifier: string): Promise<Buffer> {
  return found(specifier, () => readFile(fileURLToPath(import.meta.resolve(specifier))));
}

async function found<T>(specifier: string, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "ENOENT") throw error;
    throw new Unusable(`${specifier} isn't installed. This job's packages: ${INSTALL}`);
  }
}
