/**
 * The manual page, made of what the commands' own help says (the declarations, the examples and the topics), so that
 * there is nothing to keep in step. Run by the build.
 */
import type { Command, Help } from "commander";
import { EXAMPLES } from "./examples.ts";

/** A page for man(7) in section 1. `topics`: the texts of `supervisor help TOPIC`. */
export function manPage(cli: Command, topics: Readonly<Record<string, string>>): string {
  const help = cli.createHelp();
  const name = cli.name();
  const parts = [
    `.TH ${name.toUpperCase()} 1 "" "gpu-job-supervisor ${cli.version()}"`,
    `.SH NAME\n${name} \\- runs training jobs on a shared machine and makes room when others need it`,
    `.SH SYNOPSIS\n.B ${name}\n[\\-\\-config FILE] COMMAND [ARGUMENTS]`,
    `.SH OPTIONS\n${options(cli, help)}`,
    `.SH COMMANDS\n${help
      .visibleCommands(cli)
      .map((one) => command(one, name, help))
      .join("\n")}`,
    ...Object.entries(topics).map(([topic, text]) => `.SH ${roff(topic.toUpperCase())}\n${verbatim(text)}`),
    `.SH SEE ALSO\n${roff("The pages in docs/ of the package; supervisor help COMMAND.")}`,
  ];
  return `${parts.join("\n")}\n`;
}

function command(one: Command, before: string, help: Help): string {
  const name = `${before} ${one.name()}`;
  const examples = one.parent?.parent ? [] : (EXAMPLES[one.name()] ?? []);
  return [
    `.SS ${roff(`${name} ${one.usage().replace("[options]", "[OPTIONS]")}`)}`,
    sentence(one.description()),
    options(one, help),
    ...examples.map(([line, meaning]) => `.PP\n${roff(sentence(meaning))}\n${verbatim(`  ${line}`)}`),
    // `help` is Commander's own list of what there is.
    ...one.commands.map((inner) => command(inner, name, help)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

const options = (one: Command, help: Help): string =>
  help
    .visibleOptions(one)
    .map((option) => `.TP\n.B ${roff(help.optionTerm(option))}\n${roff(help.optionDescription(option))}`)
    .join("\n");

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const verbatim = (text: string): string => `.nf\n${roff(text)}\n.fi`;

/** A line that begins with a dot or an apostrophe would be a request; a bare hyphen would be typeset as a dash. */
const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
