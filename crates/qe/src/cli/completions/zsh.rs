//! Completions of zsh, with what each command and option does beside it.

use std::fmt::Write as _;

use super::{Place, Takes, patterns, steps};

/// An entry of `_describe`: a name and what it does.
fn entry(name: &str, about: &str) -> String {
    let text = format!("{}:{about}", name.replace(':', "\\:"));
    format!("'{}'", text.replace('\'', "'\\''"))
}

pub(super) fn script(places: &[Place]) -> String {
    let mut values = String::new();
    let mut offers = String::new();
    let plain = |words: &[String]| words.iter().map(|w| entry(w, "")).collect::<Vec<_>>().join(" ");
    for place in places {
        for option in &place.options {
            let (words, files) = match &option.takes {
                Takes::Nothing => continue,
                Takes::Words(words) => (plain(words), 0),
                Takes::File(words) => (plain(words), 1),
                Takes::Text => (String::new(), 0),
            };
            let _ = writeln!(values, "        {}) some=({words}); files={files} ;;", patterns(place, option));
        }
        let below = place.below.iter().flat_map(|b| b.names.iter().map(|name| entry(name, &b.about)));
        let options = place.options.iter().flat_map(|o| o.longs.iter().map(|l| entry(&format!("--{l}"), &o.about)));
        let (known, files) = match &place.argument {
            Takes::Words(words) => (plain(words), 0),
            Takes::File(words) => (plain(words), 1),
            Takes::Nothing | Takes::Text => (String::new(), 0),
        };
        let some: Vec<String> = below.chain(Some(known).filter(|k| !k.is_empty())).collect();
        let options: Vec<String> = options.collect();
        let _ = writeln!(
            offers,
            "            '{}')\n                some=({})\n                options=({})\n                files={files} ;;",
            place.words,
            some.join(" "),
            options.join(" ")
        );
    }
    format!(
        r#"#compdef qe
# Completions of qe for zsh: source <(qe completions zsh) behind compinit, or a file _qe in a folder of $fpath.
_qe() {{
    local at='qe' cur="$words[CURRENT]" prev="$words[CURRENT-1]" files=0 i
    local -a some options
    for ((i = 2; i < CURRENT; i++)); do
        case "$at $words[i]" in
{steps}        esac
    done
    if [[ $cur == --*=* ]]; then
        prev="${{cur%%=*}}"
        compset -P '*='
        cur="${{cur#*=}}"
    fi
    case "$at $prev" in
{values}        *)
            case "$at" in
{offers}            esac
            if [[ $cur == -* ]]; then
                some=("${{options[@]}}")
                files=0
            fi
            ;;
    esac
    (( $#some )) && _describe 'qe' some
    (( files )) && _files
    return 0
}}
if [[ $funcstack[1] == _qe ]]; then
    _qe "$@"
else
    compdef _qe qe
fi
"#,
        steps = steps(places, "            "),
    )
}
