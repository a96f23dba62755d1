import { defineConfig } from "vitest/config";

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
  "sense/others/hidden-use",
  "sense/others/attribute-cpu",
].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    maxWorkers: 2,
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
