import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const common = {
  // Real processes on busy machines: limits are generous, conditions are waited for.
  testTimeout: 300_000,
  hookTimeout: 240_000,
  pool: "forks" as const,
  setupFiles: ["./test/setup.ts"],
};

/** What judges the machine's load: one at a time, and after everything else. */
const alone = [
  "scenarios/cpu-sharing",
  "scenarios/own-load",
  "scenarios/container-load",
  "scenarios/hand-over",
  "scenarios/yield-to-others",
  "scenarios/torture",
  "scenarios/learned",
  "sense/others/hidden-use",
  "sense/others/attribute-cpu",
  "sense/others/cpu-guard",
  "sense/others/claimed-cgroups",
  "sense/others/claimed-cpu",
].map((name) => `test/${name}.test.ts`);

/** By size, as by default, but for the longest, which are short files: begun last, they would run on by themselves. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes("/python/exact-resume-");
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/closing-line.ts"],
    // Most of a test is waiting: with one file for each of two processors, they were 45 % busy. More than two gained little.
    maxWorkers: Math.min(16, 2 * availableParallelism()),
    projects: [
      {
        test: {
          ...common,
          name: "parts",
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: alone,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "alone",
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
