/** Where the audit log is that a command's options mean. */
import { isThere } from "../files/is-there.ts";
import { Refusal } from "../refusal.ts";
import { type Options, placesOf, sayWhich } from "./supervisors/connect.ts";

/** Fails where no supervisor has run yet, and where that can't be told. */
export async function databaseOf(options: Options): Promise<string> {
  const places = await placesOf(options);
  const { database } = places;
  sayWhich(places, options);
  if (isThere(database)) return database;
  throw new Refusal(`There is no audit log yet at ${database}: no supervisor has run with it.`);
}
