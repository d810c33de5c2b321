//! Completions of fish, with what each command and option does beside it.

use std::fmt::Write as _;

use super::{Place, Takes};

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

pub(super) fn script(places: &[Place]) -> String {
    let mut steps = String::new();
    let mut rules = String::new();
    for place in places {
        let here = format!("complete -c qe -n \"__qe_at '{}'\"", place.words);
        for below in &place.below {
            let names: Vec<String> = below.names.iter().map(|n| quoted(&format!("{} {n}", place.words))).collect();
            let to = quoted(&format!("{} {}", place.words, below.names[0]));
            let _ = writeln!(steps, "            case {}\n                set at {to}", names.join(" "));
            for name in &below.names {
                let _ = writeln!(rules, "{here} -f -a {name} -d {}", quoted(&below.about));
            }
        }
        for option in &place.options {
            let longs: Vec<String> = option.longs.iter().map(|long| format!("-l {long}")).collect();
            let short = option.short.map(|short| format!(" -s {short}")).unwrap_or_default();
            let value = match &option.takes {
                Takes::Nothing => String::new(),
                Takes::Words(words) => format!(" -x -a {}", quoted(&words.join(" "))),
                Takes::File(words) if words.is_empty() => " -r -F".to_owned(),
                Takes::File(words) => format!(" -r -F -a {}", quoted(&words.join(" "))),
                Takes::Text => " -x".to_owned(),
            };
            let _ = writeln!(rules, "{here} {}{short}{value} -d {}", longs.join(" "), quoted(&option.about));
        }
        let _ = match &place.argument {
            Takes::Words(words) => writeln!(rules, "{here} -f -a {}", quoted(&words.join(" "))),
            Takes::File(words) if words.is_empty() => writeln!(rules, "{here} -F"),
            Takes::File(words) => writeln!(rules, "{here} -F -a {}", quoted(&words.join(" "))),
            Takes::Nothing | Takes::Text => writeln!(rules, "{here} -f"),
        };
    }
    format!(
        r#"# Completions of qe for fish: qe completions fish | source
function __qe_at --description 'Whether the words before the cursor lead to this command'
    set -l at qe
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
{steps}        end
    end
    test "$at" = "$argv[1]"
end
{rules}"#
    )
}
