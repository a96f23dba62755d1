import { defineConfig } from "vitest/config";

const common = {
  // Real processes on busy machines: limits are generous, conditions are waited for.
  testTimeout: 300_000,
  hookTimeout: 240_000,
  pool: "forks" as const,
  setupFiles: ["./test/setup.ts"],
};

/** Whole supervisors whose rules watch the machine's load: one at a time, and after everything else. */
const alone = ["cpu-sharing", "own-load", "container-load", "hand-over", "yield-to-others", "torture"].map(
  (name) => `test/scenarios/${name}.test.ts`,
);

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
