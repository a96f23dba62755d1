/** Where the audit log is that a command's options mean. */
import { existsSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { type Options, placesOf, sayWhich } from "./supervisors/connect.ts";

/** Fails where no supervisor has run yet. */
export async function databaseOf(options: Options): Promise<string> {
  const places = await placesOf(options);
  const { database } = places;
  sayWhich(places, options);
  if (existsSync(database)) return database;
  throw new Refusal(`There is no audit log yet at ${database}: no supervisor has run with it.`);
}
