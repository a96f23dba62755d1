#!/usr/bin/env node
/**
 * The program's first lines. Has no imports of its own, so that a Node that is too old for the rest
 * still gets as far as saying so.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `supervisor needs Node 22.18 or newer, this is ${process.versions.node}. Get one: npm install -g node@24 (or https://nodejs.org)\n`,
  );
  process.exitCode = 2;
} else {
  import("./cli/main.ts").then((cli) => cli.main(process.argv));
}
