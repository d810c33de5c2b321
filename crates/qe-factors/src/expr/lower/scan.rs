//! Recursion: the steps of a `scan` become a scalar program.

use std::sync::Arc;

use super::{Lower, Val};
use crate::error::Result;
use crate::expr::ast::{Arg, NodeId};
use crate::plan::{Local, MAX_INPUTS, MAX_OUTPUTS, Scan, Slot};

impl Lower<'_> {
    /// A recursion: `scan(init, step)`, or with named states `scan(init_x=…, x=…).x`.
    pub(super) fn scan(&mut self, id: NodeId, args: &[Arg], output: Option<&str>) -> Result<Val> {
        let how = "write scan(init, step) with `prev` in the step, or scan(init_x=…, x=…).x with `prev.x`";
        let (mut names, mut inits, mut steps): (Vec<&str>, Vec<NodeId>, Vec<NodeId>) = Default::default();
        match args {
            [init, step] if init.name.is_none() && step.name.is_none() => {
                (names, inits, steps) = (vec![""], vec![init.value], vec![step.value]);
            }
            _ => {
                for arg in args {
                    let Some(name) = &arg.name else { return Err(self.refused(arg.value, "it has no name", how)) };
                    if name.starts_with("init_") {
                        continue;
                    }
                    let init =
                        args.iter().find(|a| a.name.as_deref().and_then(|n| n.strip_prefix("init_")) == Some(name));
                    let Some(init) = init else {
                        return Err(self.refused(
                            arg.value,
                            &format!("{name} has no beginning"),
                            &format!("give init_{name}"),
                        ));
                    };
                    if names.len() == MAX_OUTPUTS {
                        return Err(self.refused(id, "it has too many states", "use several scans"));
                    }
                    if names.contains(&&**name) {
                        return Err(self.refused(
                            arg.value,
                            &format!("{name} is given twice"),
                            "name every state once",
                        ));
                    }
                    names.push(name);
                    inits.push(init.value);
                    steps.push(arg.value);
                }
                if names.is_empty() || args.len() != 2 * names.len() {
                    return Err(self.refused(id, "every state has one beginning and one step", how));
                }
            }
        }
        let idx = match output {
            None if names.len() == 1 => 0,
            None => {
                return Err(self.refused(id, "it has several states", &format!("choose one: .{}", names.join(", ."))));
            }
            Some(output) => match names.iter().position(|n| *n == output) {
                Some(idx) => idx,
                None => return Err(self.refused(id, &format!("it has no state {output}"), how)),
            },
        };
        let mut roots = Vec::with_capacity(steps.len());
        for &step in &steps {
            roots.push(match self.val(step)? {
                Val::Local(op) => op,
                Val::Series(series) => {
                    let ty = self.graph.ty(series);
                    self.local.input(series, ty)
                }
            });
        }
        let (local, roots) = self.local.part(&roots);
        if local.remembers() {
            return Err(self.out_of_scope(id, super::MAX_SINCE));
        }
        let mut slots = Vec::with_capacity(local.slots().len());
        for slot in local.slots() {
            let state = |prefix: &str| {
                let rest = slot.strip_prefix(prefix)?;
                let name = if rest.is_empty() { "" } else { rest.strip_prefix('.')? };
                names.iter().position(|n| *n == name).map(|k| k as u32)
            };
            slots.push(match (state("prev"), state("now")) {
                (Some(k), _) => Slot::Prev(k),
                (_, Some(k)) if self.now_is_known(&local, &roots, slot, k) => Slot::Now(k),
                (_, Some(_)) => {
                    let reason = format!("{slot} is not known yet where it is read");
                    return Err(self.refused(id, &reason, "a state may read those that stand before it"));
                }
                _ if slot.starts_with("prev") || slot.starts_with("now") => {
                    let known = names.iter().map(|n| if n.is_empty() { "prev".into() } else { format!("prev.{n}") });
                    let known: Vec<String> = known.collect();
                    return Err(self.refused(
                        id,
                        &format!("the scan has no {slot}"),
                        &format!("it has {}", known.join(", ")),
                    ));
                }
                _ => return Err(self.out_of_scope(id, slot)),
            });
        }
        let mut inputs = Vec::with_capacity(inits.len() + local.inputs().len());
        for &init in &inits {
            inputs.push(self.series(init)?);
        }
        inputs.extend(local.inputs());
        if inputs.len() > MAX_INPUTS {
            let reason = format!("it reads {} series, and a scan reads {MAX_INPUTS} at most", inputs.len());
            return Err(self.refused(id, &reason, "combine some of them outside of it"));
        }
        let shown: Arc<str> = format!("{{{local}{roots:?} {slots:?}}}").into();
        let outputs = || names.iter().map(|n| Arc::from(if n.is_empty() { "scan" } else { n })).collect();
        let make = || Some(Arc::new(Scan { local: local.clone(), steps: roots.clone(), slots: slots.clone() }) as _);
        match self.graph.call_any("scan", shown, &inputs, outputs, make) {
            Some(call) => Ok(Val::Series(self.graph.output(call, idx as u32))),
            None => Err(self.refused(id, "it has too many states", "use several scans")),
        }
    }

    /// Whether a state's value of this row is read only by states that stand after it.
    pub(super) fn now_is_known(&self, local: &Local, roots: &[u32], slot: &str, state: u32) -> bool {
        let reads = |root: u32| local.part(&[root]).0.slots().iter().any(|s| s == slot);
        !roots[..=state as usize].iter().any(|&root| reads(root))
    }
}
