/** Has Yoga, which lays Ink's boxes out, take its program from its own text: a fetch of that loads an HTTP client first, for 100 ms. */
import type { Plugin } from "rolldown";

const FILE = "/node_modules/yoga-layout/dist/binaries/yoga-wasm-base64-esm.js";
const ASKED = '"function"!=typeof fetch';

/** The build fails where Yoga doesn't ask for it any more. */
export function yogaWithoutFetch(): Plugin {
  let isDone = false;
  return {
    name: "yoga-without-fetch",
    transform(code, id) {
      if (!id.endsWith(FILE) || !code.includes(ASKED)) return null;
      isDone = true;
      return { code: code.replaceAll(ASKED, "true"), map: null };
    },
    buildEnd(error) {
      if (error === undefined && !isDone) throw new Error(`Yoga has no ${ASKED}`);
    },
  };
}
