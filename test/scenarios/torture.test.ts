/** A short torture with a new seed each time; `npm run torture -- --rounds N --seed S` does the same for longer. */
import { expect, test } from "vitest";
import { rounds } from "../rounds.ts";
import { torture } from "../torture/torture.ts";

const ROUNDS = rounds(25, 10);

test(`${ROUNDS} rounds of faults by a new seed: nothing is lost, doubled or left over`, async () => {
  const seed = Number(process.env.SUPERVISOR_TORTURE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const said: string[] = [];
  const again = `npm run torture -- --rounds ${ROUNDS} --seed ${seed}`;
  console.log(`torture: ${again}`);
  const result = await torture({ seed, rounds: ROUNDS, say: (line) => said.push(line) }).catch((error) => {
    throw new Error(`${again}\n${said.join("\n")}\n${error.message}`);
  });
  expect(result.wrong, `${again}\n${said.join("\n")}`).toEqual([]);
  expect(result.processes).toBeGreaterThan(0);
  for (const [fault, why] of Object.entries(result.skipped)) console.log(`torture: no '${fault}': ${why}`);
});
