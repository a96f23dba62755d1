import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bootId } from "../../../src/sense/proc/boot-id.ts";

test("is the kernel's, and the same at every call", () => {
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(bootId()).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  expect(bootId()).toBe(bootId());
});
