/**
 * Declares a command such that the compiler holds its argument and flags to the function that runs it:
 * a misspelt, missing or wrongly typed option doesn't compile.
 */
import type { Command } from "commander";
import type { Options } from "../supervisors/connect.ts";

/** What runs a command; a number is its exit code. */
type Act = (...given: never[]) => Promise<unknown>;

/** `leaveJobs` → `leave-jobs`. */
type Kebab<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${Kebab<Rest>}`
  : Name;
type Flags<Long extends string> = `--${Long}` | `-${string}, --${Long}`;
type Valued<Name extends string> = `${Flags<Kebab<Name>>} <${string}>`;

type Switch<Name extends string> = [flags: Flags<Kebab<Name>>, description: string];
/** On unless it is switched off. */
type OffSwitch<Name extends string> = [flags: `--no-${Kebab<Name>}`, description: string];
type Value<Name extends string> = [flags: Valued<Name>, description: string];
type Defaulted<Name extends string> = [...Value<Name>, byDefault: string];
type Repeated<Name extends string> = [...Value<Name>, collect: typeof collect];

type Option<Name extends string, Type, IsOptional> = Type extends boolean
  ? IsOptional extends true
    ? Switch<Name>
    : OffSwitch<Name>
  : Type extends string[]
    ? Repeated<Name>
    : IsOptional extends true
      ? Value<Name>
      : Defaulted<Name>;

export type OptionTable<O> = {
  [Name in Exclude<keyof O, keyof Options> & string]-?: Option<
    Name,
    // Not distributed over true and false.
    NonNullable<O[Name]> extends boolean ? boolean : NonNullable<O[Name]>,
    Record<never, never> extends Pick<O, Name> ? true : false
  >;
};

type Notation<Argument> = Argument extends string[]
  ? `[${string}...]` | `<${string}...>`
  : undefined extends Argument
    ? `[${string}]`
    : `<${string}>`;

type Declaration<F extends Act> =
  Parameters<F> extends [infer Argument, infer O]
    ? { argument: Notation<Argument>; explained?: string; options: OptionTable<O> }
    : Parameters<F> extends [infer O]
      ? { argument?: never; explained?: never; options: OptionTable<O> }
      : never;

/** For an option that may be repeated: one that took several values at once would swallow the command. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Adds a command whose module is loaded when it runs, and which every `--config` leads to its supervisor. */
export function declare<F extends Act>(
  cli: Command,
  name: string,
  description: string,
  load: () => Promise<F>,
  { argument, explained, options }: Declaration<F>,
): Command {
  const command = cli.command(name).description(description).option("--config <file>", "use this config");
  if (argument !== undefined) command.argument(argument, explained);
  for (const [flags, about, more] of Object.values<[string, string, ...unknown[]]>(options))
    if (typeof more === "function") command.option(flags, about, collect);
    else command.option(flags, about, more as string | undefined);
  return command.action(async (...given: unknown[]) => {
    // Commander adds the command and its own options; --config may also stand before the command.
    const code = await (await load())(...([...given.slice(0, -2), command.optsWithGlobals()] as never[]));
    if (typeof code === "number") process.exitCode = code;
  });
}

/** For a command that only looks. */
export const withJson = (command: Command): Command => command.option("--json", "print JSON for programs");
