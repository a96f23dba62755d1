/** The last line of a test run, alike for people and programs: "tests: 12 passed, 0 failed, 1 skipped". */
import type { Reporter, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    let brokenFiles = 0;
    for (const module of modules) {
      if (module.state() === "failed" && module.errors().length > 0) brokenFiles++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state !== "pending") count[state]++;
      }
    }
    const line = `tests: ${count.passed} passed, ${count.failed + brokenFiles} failed, ${count.skipped} skipped`;
    // After the default reporter's own summary.
    process.once("exit", () => console.log(line));
  }
}
