/**
 * docs/faults.md is what the program really says, written by this test: `npx vitest run
 * test/faults -u` brings it up to date, and without `-u` the test fails where it isn't.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { config } from "./config.ts";
import { databases, tampering } from "./database.ts";
import type { Group } from "./fault.ts";
import { checkpoints, places, reports } from "./files.ts";
import { ownPlaces } from "./own-places.ts";
import { requests } from "./requests.ts";
import { runs } from "./runs.ts";
import { unseen } from "./unseen.ts";

const GROUPS: Group[] = [
  runs,
  unseen,
  checkpoints,
  reports,
  config,
  requests,
  places,
  ownPlaces,
  databases,
  tampering,
];
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();

async function render(): Promise<string> {
  const parts = [
    "# What goes wrong, and what is said",
    "",
    "Each line is a test: the fault is made, and what the program says is written down here by",
    "`test/faults/faults.test.ts`. `…` stands for a folder.",
  ];
  for (const { title, faults } of GROUPS) {
    parts.push("", `## ${title}`, "", "| fault | message or event |", "|---|---|");
    for (const { fault, gives } of faults) parts.push(`| ${cell(fault)} | ${cell(await gives())} |`);
  }
  return `${parts.join("\n")}\n`;
}

test("every fault gives the message that docs/faults.md names", async () => {
  await expect(await render()).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/faults.md"));
});

test("there are at least 40 of them, each once", () => {
  const names = GROUPS.flatMap(({ title, faults }) => faults.map(({ fault }) => `${title}: ${fault}`));
  expect(names.length).toBeGreaterThanOrEqual(40);
  expect(new Set(names).size).toBe(names.length);
});
