/** Completion scripts for shells, made from the tables of commands and options: what Tab offers is what the help lists. */
import type { Command } from "./command.ts";

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** How to have the script in each session. */
export const INSTALLATION: Readonly<Record<Shell, (name: string) => string>> = {
  bash: (name) => `In ~/.bashrc: eval "$(${name} completion bash)"`,
  zsh: (name) => `In ~/.zshrc, behind compinit: eval "$(${name} completion zsh)"`,
  fish: (name) => `${name} completion fish > ~/.config/fish/completions/${name}.fish`,
};

/** What stands for a value, or an operand, that is the name of a file. */
const FILE = /\b(FILE|OUT|CONF)\b/;
const FOLDER = /^(DIR|FOLDER)$/;

/** What may follow an option: nothing, a word of these, or a name that the shell knows. */
type Value = undefined | "anything" | "file" | "folder" | readonly string[];

interface Flag {
  /** With their dashes. */
  names: string[];
  help: string;
  value: Value;
}

/** One command: what may be typed behind its name. */
interface Place {
  /** `datalink token make` */
  name: string;
  commands: { word: string; summary: string }[];
  flags: Flag[];
  takesFiles: boolean;
}

/** The script that makes a shell complete a program's commands, options and files. */
export function completionScript(program: Command, shell: Shell): string {
  const places = [...placesOf(program)];
  const { name } = program;
  const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](name, places);
  return `# Completion of ${name} for ${shell}. ${INSTALLATION[shell](name)}\n${script}`;
}

function* placesOf(command: Command): Generator<Place, void> {
  const { name, commands = [], options, operands } = command;
  yield {
    name,
    commands: commands.map((each) => ({ word: each.name.slice(name.length + 1), summary: each.summary })),
    flags: Object.entries(options).map(([long, { short, help, value, choices }]) => ({
      names: short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`],
      help,
      value: value === undefined ? undefined : (choices ?? kindOf(value)),
    })),
    takesFiles: FILE.test(operands),
  };
  for (const each of commands) yield* placesOf(each);
}

function kindOf(value: string): Value {
  if (FOLDER.test(value)) return "folder";
  return FILE.test(value) ? "file" : "anything";
}

/** The names of flags whose value is of a kind. */
function namesOf({ flags }: Place, ...kinds: Value[]): string[] {
  return flags.filter(({ value }) => kinds.includes(value)).flatMap(({ names }) => names);
}

/** Flags with words to choose from. */
function choicesOf({ flags }: Place): { names: string[]; words: readonly string[] }[] {
  return flags.flatMap(({ names, value }) => (Array.isArray(value) ? [{ names, words: value }] : []));
}

/** The names of all commands below the program, as patterns of `case`. */
function commandNames(places: readonly Place[]): string[] {
  return places.slice(1).map(({ name }) => quoted(name));
}

function bashScript(name: string, places: readonly Place[]): string {
  const cases = places.map((place) => {
    const words = [...place.commands.map(({ word }) => word), ...place.flags.flatMap(({ names }) => names)];
    return `    ${quoted(place.name)})
      commands=${quoted(place.commands.map(({ word }) => word).join(" "))}
      words=${quoted(words.join(" "))}
      values=${quoted(namesOf(place, "anything").join(" "))}
      files=${quoted(namesOf(place, "file").join(" "))}
      folders=${quoted(namesOf(place, "folder").join(" "))}
      operands=${place.takesFiles ? "files" : ""} ;;`;
  });
  return `_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=${name} word
  local commands words values files folders operands
  COMPREPLY=()
${walk(name, places, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`, `    `)}
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "$at" in
${cases.join("\n")}
  esac
  case "$at $prev" in
${places
  .flatMap((place) =>
    choicesOf(place).map(
      ({ names, words }) =>
        `    ${names.map((each) => quoted(`${place.name} ${each}`)).join("|")}) mapfile -t COMPREPLY < <(compgen -W ${quoted(words.join(" "))} -- "$cur"); return ;;`,
    ),
  )
  .join("\n")}
  esac
  if [[ " $values " == *" $prev "* ]]; then return
  elif [[ " $files " == *" $prev "* || ( -n $operands && $cur != -* && " $folders " != *" $prev "* ) ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  elif [[ " $folders " == *" $prev "* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
  elif [[ -n $commands && $cur != -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
  else mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}
complete -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const described = (entries: [string, string][]) =>
    entries.map(([word, text]) => quoted(`${word.replaceAll(":", "\\:")}:${text}`)).join(" ");
  const cases = places.map(
    (place) => `    (${quoted(place.name)})
      commands=(${described(place.commands.map(({ word, summary }) => [word, summary]))})
      flags=(${described(place.flags.flatMap(({ names, help }) => names.map((each): [string, string] => [each, help])))})
      values=(${namesOf(place, "anything").join(" ")})
      files=(${namesOf(place, "file").join(" ")})
      folders=(${namesOf(place, "folder").join(" ")})
      choices=(${choicesOf(place)
        .flatMap(({ names, words }) => names.flatMap((each) => [each, quoted(words.join(" "))]))
        .join(" ")})
      operands=${place.takesFiles ? "files" : ""} ;;`,
  );
  return `_${name}() {
  local at=${name} prev=\${words[CURRENT-1]} word operands
  local -a commands flags values files folders
  local -A choices
${walk(name, places, `\${words[2,CURRENT-1]}`, "    ")}
  case "$at" in
${cases.join("\n")}
  esac
  if [[ $PREFIX == --*=* ]]; then
    prev=\${PREFIX%%=*}
    compset -P 1 '*='
  fi
  if (( \${values[(Ie)$prev]} )); then _message value
  elif (( \${+choices[$prev]} )); then compadd -- \${=choices[$prev]}
  elif (( \${files[(Ie)$prev]} )); then _files
  elif (( \${folders[(Ie)$prev]} )); then _files -/
  elif [[ $PREFIX == -* ]]; then _describe -o option flags
  elif (( $#commands )); then _describe command commands
  elif [[ -n $operands ]]; then _files
  else _describe -o option flags
  fi
}
compdef _${name} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const here = `complete -c ${name} -n ${fishQuoted(`test (__${name}_at) = ${fishQuoted(place.name)}`)}`;
    return [
      ...place.commands.map(({ word, summary }) => `${here} -a ${word} -d ${fishQuoted(summary)}`),
      ...place.flags.map((flag) => `${here}${fishFlag(flag)} -d ${fishQuoted(flag.help)}`),
      ...(place.takesFiles ? [`${here} -F`] : []),
    ];
  });
  return `function __${name}_at
  set -l at ${name}
  for word in (commandline -opc)
    switch "$at $word"
      case ${places
        .slice(1)
        .map((place) => fishQuoted(place.name))
        .join(" ")}
        set at "$at $word"
    end
  end
  echo $at
end
complete -c ${name} -e
complete -c ${name} -f
${lines.join("\n")}
`;
}

function fishFlag({ names, value }: Flag): string {
  const words = names.map((each) =>
    each.startsWith("--") ? ` -l ${each.slice(2)}` : ` -s ${each.slice(1)}`,
  );
  return words.join("") + fishValue(value);
}

function fishValue(value: Value): string {
  if (value === undefined) return "";
  if (value === "file") return " -r -F";
  if (value === "folder") return " -x -a '(__fish_complete_directories)'";
  return value === "anything" ? " -x" : ` -x -a ${fishQuoted(value.join(" "))}`;
}

/** Finds in `at` which command the words so far name, for shells with the syntax of sh. */
function walk(name: string, places: readonly Place[], words: string, indent: string): string {
  const names = commandNames(places);
  if (names.length === 0) return `${indent.slice(2)}: ${name} has no commands`;
  return `${indent.slice(2)}for word in ${words}; do
${indent}case "$at $word" in
${indent}  ${names.join("|")}) at="$at $word" ;;
${indent}esac
${indent.slice(2)}done`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
