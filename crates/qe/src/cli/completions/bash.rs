//! Completions of bash. `=` ends a word there, so `--profile=r` is three of them. The script runs under bash 3.2 as well.

use std::fmt::Write as _;

use super::{Place, Takes, patterns, steps};

pub(super) fn script(places: &[Place]) -> String {
    let mut values = String::new();
    let mut offers = String::new();
    for place in places {
        for option in &place.options {
            let (words, files) = match &option.takes {
                Takes::Nothing => continue,
                Takes::Words(words) => (words.join(" "), 0),
                Takes::File(words) => (words.join(" "), 1),
                Takes::Text => (String::new(), 0),
            };
            let _ = writeln!(values, "        {}) words='{words}' files={files} ;;", patterns(place, option));
        }
        let below = place.below.iter().flat_map(|b| b.names.iter().cloned());
        let options = place.options.iter().flat_map(|o| o.longs.iter().map(|long| format!("--{long}")));
        let (known, files) = match &place.argument {
            Takes::Words(words) => (words.clone(), 0),
            Takes::File(words) => (words.clone(), 1),
            Takes::Nothing | Takes::Text => (Vec::new(), 0),
        };
        let words: Vec<String> = below.chain(known).collect();
        let options: Vec<String> = options.collect();
        let _ = writeln!(
            offers,
            "            '{}') words='{}' options='{}' files={files} ;;",
            place.words,
            words.join(" "),
            options.join(" ")
        );
    }
    format!(
        r#"# Completions of qe for bash: source <(qe completions bash)
_qe() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}"
    local at='qe' words='' options='' files=0 i name
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${{COMP_WORDS[i]}}" in
{steps}        esac
    done
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' && $COMP_CWORD -ge 2 ]]; then
        prev="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    case "$at $prev" in
{values}        *)
            case "$at" in
{offers}            esac
            if [[ $cur == -* ]]; then
                words="$options" files=0
            fi
            ;;
    esac
    while IFS= read -r name; do
        [[ -n $name ]] && COMPREPLY+=("$name")
    done < <(compgen -W "$words" -- "$cur")
    if [[ $files == 1 ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r name; do
            COMPREPLY+=("$name")
        done < <(compgen -f -- "$cur")
    fi
}}
complete -F _qe qe
"#,
        steps = steps(places, "            "),
    )
}
