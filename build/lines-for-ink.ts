/** Puts src/show/screen/terminal/ink-lines.ts in the place of the two parts of Ink that it is for. */
import { join } from "node:path";
import type { Plugin } from "rolldown";

const OURS = join(import.meta.dirname, "../src/show/screen/terminal/ink-lines.ts");
const REPLACED = { "output.js": "LineOutput", "line-update.js": "lineUpdate" };

/** The build fails where Ink has no such parts any more. */
export function linesForInk(): Plugin {
  const left = new Set(Object.keys(REPLACED));
  return {
    name: "lines-for-ink",
    load(id) {
      for (const [file, name] of Object.entries(REPLACED)) {
        if (!id.endsWith(`/node_modules/ink/build/${file}`)) continue;
        left.delete(file);
        return `export { ${name} as default } from ${JSON.stringify(OURS)};`;
      }
      return null;
    },
    buildEnd(error) {
      if (error === undefined && left.size > 0) throw new Error(`Ink has no ${[...left].join(", ")}`);
    },
  };
}
