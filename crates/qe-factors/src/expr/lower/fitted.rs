//! What was fitted, applied to series: `fitted("id", x)`.

use std::sync::Arc;

use super::{Low, Lower, Val};
use crate::error::Result;
use crate::expr::ast::{Arg, NodeId};
use crate::plan::{Id, MAX_INPUTS, OutOfSample};

impl Lower<'_> {
    /// Something fitted by its name in the schema, and the series that it is applied to.
    pub(super) fn fitted(&mut self, id: NodeId, args: &[Arg], output: Option<&str>) -> Result<Val> {
        let how = "write fitted(\"name\", x), the name being one of the schema's";
        let [what @ Arg { name: None, .. }, series @ ..] = args else {
            return Err(self.refused(id, "fitted takes the name of what was fitted, and series", how));
        };
        let Low::Text(name) = self.low(what.value)? else {
            return Err(self.refused(what.value, "the name of what was fitted is a word", how));
        };
        if !self.scope.fitted {
            let reason = format!("{name} was fitted on a training window, and this is computed from the market alone");
            return Err(self.refused(id, &reason, "use it in an entry, an exit or a size of a strategy"));
        }
        let Some(known) = self.schema.fitted.iter().find(|f| *f.name == *name) else {
            if self.schema.fitted.is_empty() {
                let mend = "fit it, and give it to the schema by Schema::with_fitted";
                return Err(self.refused(what.value, &format!("it is not known what was fitted as {name}"), mend));
            }
            let names = self.schema.fitted.iter().map(|f| &*f.name);
            return Err(self.unknown(what.value, "fitted thing", &name, names));
        };
        let (learned, in_sample) = (Arc::clone(&known.what), known.in_sample);
        let n = learned.n_inputs();
        if n >= MAX_INPUTS {
            let reason = format!("{name} reads {n} series, and {} are the most that can be", MAX_INPUTS - 1);
            return Err(self.refused(id, &reason, "combine some of them before it is fitted"));
        }
        if series.len() != n || series.iter().any(|a| a.name.is_some()) {
            let reason = format!("{name} reads {n} series, and is given {}", series.len());
            return Err(self.refused(id, &reason, "give them in order, without names"));
        }
        let outputs = learned.outputs();
        let idx = match output {
            None if outputs.len() == 1 => Some(0),
            None => None,
            Some(output) => outputs.iter().position(|o| *o == output),
        };
        let Some(idx) = idx else {
            let list = outputs.iter().map(|o| format!(".{o}")).collect::<Vec<_>>().join(", ");
            return Err(self.refused(id, &format!("{name} has the outputs {list}"), "choose one of them"));
        };
        let [open, _] = self.graph.times();
        let mut inputs: Vec<Id> = vec![open];
        for arg in series {
            inputs.push(self.series(arg.value)?);
        }
        let window = learned.trained_on().hull();
        let from = if in_sample { i64::MIN } else { window.end };
        // Two of one name that were fitted on other windows are not the same.
        let shown: Arc<str> = format!("{name}, {}, from {from}", learned.id()).into();
        let outputs = || learned.outputs().iter().map(|o| Arc::from(*o)).collect();
        let make = || Some(Arc::new(OutOfSample { what: Arc::clone(&learned), from }) as _);
        match self.graph.call_any("fitted", shown, &inputs, outputs, make) {
            Some(call) => {
                self.graph.mark_fitted(call, vec![name.clone()], from);
                Ok(Val::Series(self.graph.output(call, idx as u32)))
            }
            None => Err(self.refused(id, "it has too many outputs", how)),
        }
    }
}
