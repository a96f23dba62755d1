import { defineConfig } from "vitest/config";

const common = {
  // Real processes on busy machines: limits are generous, conditions are waited for.
  testTimeout: 300_000,
  hookTimeout: 120_000,
  pool: "forks",
} as const;

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
          exclude: ["test/scenarios/**"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole supervisors that watch the machine's load: one at a time, and after everything else.
        test: {
          ...common,
          name: "scenarios",
          include: ["test/scenarios/**/*.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
