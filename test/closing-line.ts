/**
 * The last line of a test run, alike for people and programs: "tests: 12 passed, 0 failed, 1 skipped". A run that
 * isn't the full one says so in the line before.
 */
import type { Reporter, TestModule } from "vitest/node";
import { plural } from "../src/words/list.ts";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    let brokenFiles = 0;
    let shortened = 0;
    for (const module of modules) {
      if (module.state() === "failed" && module.errors().length > 0) brokenFiles++;
      if (module.meta().leftToFullRun) shortened++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state !== "pending") count[state]++;
      }
    }
    const line = `tests: ${count.passed} passed, ${count.failed + brokenFiles} failed, ${count.skipped} skipped`;
    const lines = shortened === 0 ? [line] : [notFull(shortened), line];
    // After the default reporter's own summary.
    process.once("exit", () => console.log(lines.join("\n")));
  }
}

const notFull = (files: number): string =>
  `not the full run: ${plural(files, "file")} ran a part of the rounds and variants; SUPERVISOR_TEST_FULL=1 runs all`;
