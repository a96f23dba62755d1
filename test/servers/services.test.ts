import { expect, test } from "vitest";
import { isGone } from "../../src/servers/services.ts";

test.each([
  ["a refused connection, at once", "ECONNREFUSED", { wasHere: true, forMs: 0 }, true],
  ["a network that fails, not so soon", "ENETUNREACH", { wasHere: true, forMs: 59_000 }, false],
  ["a process without a descriptor left, not so soon", "EMFILE", { wasHere: true, forMs: 2000 }, false],
  ["a host that stays away", "EHOSTUNREACH", { wasHere: true, forMs: 60_000 }, true],
  ["whatever was never seen there", "EHOSTUNREACH", { wasHere: false, forMs: 0 }, true],
] as const)("gone: %s", (_, code, known, gone) => {
  expect(isGone(code, known)).toBe(gone);
});
