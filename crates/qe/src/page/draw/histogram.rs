//! A distribution as boxes, with a line where the best would stand by luck alone.

use super::{Bottom, Chart, Mark, Path, Scale, Write};
use crate::page::run::Distribution;

impl Distribution {
    /// The chart of all of `what`, to which a title, a summary and axes belong.
    pub(crate) fn histogram(&self, luck: Option<f64>, what: &str, write: Write) -> Chart<'static> {
        let ends = self.edges.first().into_iter().chain(self.edges.last()).copied();
        let across = Scale::linear(ends.chain(luck).chain([0.0]));
        let scale = Scale::from_zero(self.counts.iter().map(|n| *n as f64));
        let (mut boxes, mut line) = (Path::default(), Path::default());
        for (n, w) in self.counts.iter().zip(self.edges.windows(2)).filter(|(n, _)| **n > 0) {
            let (from, to) = (1000.0 * across.at(w[0]), 1000.0 * across.at(w[1]));
            // One that is narrower than a stroke is to be seen all the same.
            let wider = (4.0 - (to - from) / 2.0).max(0.0);
            boxes.rectangle((from - wider, to + wider), (0.0, scale.at(*n as f64)));
        }
        let mut legend = vec![("box", what.to_owned())];
        if let Some(luck) = luck {
            let x = 1000.0 * across.at(luck);
            line.to(x, 0.0).line(x, 1.0);
            legend.push(("s2", "The best by luck alone".to_owned()));
        }
        Chart {
            id: "all-chart".into(),
            class: "mid",
            heading: String::new(),
            title: String::new(),
            drawn: format!("{} boxes of equal width.", self.counts.len()),
            summary: String::new(),
            scale,
            write: crate::page::number::fixed,
            read_as: "count",
            n_ticks: 4,
            base: None,
            bottom: Bottom::Values(across, write),
            marks: vec![Mark::new("boxes", boxes), Mark::new("line luck", line)],
            legend,
            axes: ("", ""),
        }
    }
}
