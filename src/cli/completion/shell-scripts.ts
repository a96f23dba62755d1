/**
 * The scripts that tie completion to a shell. Each asks the program itself what may stand at the cursor, by
 * `supervisor completion SHELL WORDS…`, so that nothing in them goes stale; lines that begin with a colon
 * hand the word to the shell's own completion.
 */
import type { Candidate } from "./expected-here.ts";

export type Shell = keyof typeof SCRIPTS;

export const isShell = (word: string): word is Shell => Object.hasOwn(SCRIPTS, word);

export const SHELLS = (): string[] => Object.keys(SCRIPTS);

/** One candidate as the shell's script reads it; a shell that shows descriptions gets them. */
export const LINES: Record<Shell, (candidate: Candidate) => string> = {
  bash: ({ word }) => word,
  zsh: ({ word, about }) => `${word.replaceAll(":", "\\:")}${about === "" ? "" : `:${about}`}`,
  fish: ({ word, about }) => `${word}\t${about}`,
};

export const SCRIPTS = {
  bash: `# Completion for supervisor in bash. In ~/.bashrc:  source <(supervisor completion bash)
_supervisor() {
  local line word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
      :folders) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word") ;;
      :commands) mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$word" | sort -u) ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <("\${COMP_WORDS[0]}" completion bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _supervisor supervisor gpu-supervisor
`,
  zsh: `#compdef supervisor gpu-supervisor
# Completion for supervisor in zsh. In ~/.zshrc, after compinit:  source <(supervisor completion zsh)
_supervisor() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" completion zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      :commands) _command_names -e ;;
      ?*) found+=("$line") ;;
    esac
  done
  (( $#found )) && _describe supervisor found
}
compdef _supervisor supervisor gpu-supervisor
`,
  fish: `# Completion for supervisor in fish:  supervisor completion fish > ~/.config/fish/completions/supervisor.fish
function __supervisor_completion
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] completion fish $words[2..] "$word" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$word"
            case :folders
                __fish_complete_directories "$word"
            case :commands
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end
complete -c supervisor -f -a '(__supervisor_completion)'
complete -c gpu-supervisor -f -a '(__supervisor_completion)'
`,
};
