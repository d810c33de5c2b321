//! Named series: each may use others, in whatever order they stand, but not itself.

use qe_factors::expr::{ACCOUNT, Ast, DERIVED, Node, POSITION, parse};
use qe_factors::plan::Scope;

use super::{Expander, Wants};
use crate::error::{Error, Result};

/// How far a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl Expander<'_> {
    /// Puts series into series.
    pub(super) fn put_in_series(&mut self) -> Result<()> {
        let spec = self.spec;
        let names: Vec<&str> = spec.series.keys().map(String::as_str).collect();
        let mut trees: Vec<Ast> = Vec::with_capacity(names.len());
        for (name, text) in &spec.series {
            let field = format!("series.{name}");
            check_name(&field, name)?;
            trees.push(parse(text).map_err(|e| Error::expression(field, e.into()))?);
        }
        let reads = |tree: &Ast| -> Vec<usize> {
            let field = |node: &Node| match node {
                Node::Field(name) => names.binary_search(&&**name).ok(),
                _ => None,
            };
            tree.nodes().iter().filter_map(field).collect()
        };
        // Depth first by a stack of its own: a chain of series may be as long as people like.
        let mut state = vec![State::New; names.len()];
        for start in 0..names.len() {
            let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
            if state[start] == State::New {
                state[start] = State::Open;
                open.push((start, reads(&trees[start])));
            }
            while let Some((at, rest)) = open.last_mut() {
                let at = *at;
                match rest.pop() {
                    Some(next) if state[next] == State::Open => {
                        let from = open.iter().position(|(i, _)| *i == next).unwrap_or(0);
                        let chain: Vec<&str> = open[from..].iter().map(|(i, _)| names[*i]).collect();
                        let reason = format!("it needs itself: {} -> {}", chain.join(" -> "), names[next]);
                        let mend = "break the circle; for recursion there is `scan(init, step)`";
                        return Err(Error::spec(format!("series.{}", names[next]), reason, mend));
                    }
                    Some(next) if state[next] == State::New => {
                        state[next] = State::Open;
                        open.push((next, reads(&trees[next])));
                    }
                    Some(_) => {}
                    None => {
                        open.pop();
                        state[at] = State::Done;
                        self.put_in(names[at], &trees[at])?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts the series that stand already into one that reads them.
    fn put_in(&mut self, name: &str, tree: &Ast) -> Result<()> {
        let field = format!("series.{name}");
        let text = tree.text().to_owned();
        // As every expression, it is read with what is known: parameters, and the series before it.
        let ast = self.ast(&field, &text, Scope::SIZE, Wants::Anything)?;
        let known = self.spec.series.get_key_value(name).map(|(key, _)| key.as_str());
        if let Some(key) = known {
            self.series.insert(key, ast);
        }
        Ok(())
    }
}

/// A series is a plain name that stands for nothing else.
fn check_name(field: &str, name: &str) -> Result<()> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(Error::spec(field, "it is no name", "take letters, digits and `_`, a letter first"));
    }
    let is_taken = ACCOUNT.contains(&name)
        || POSITION.contains(&name)
        || DERIVED.iter().any(|(known, _)| *known == name)
        || ["prev", "now", "session", "nan", "inf", "true", "false", "and", "or", "not"].contains(&name);
    if is_taken {
        return Err(Error::spec(field, format!("`{name}` is a word of the language"), "choose another name"));
    }
    Ok(())
}
