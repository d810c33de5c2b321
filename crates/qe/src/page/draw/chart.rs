//! A chart: a plot that stretches, its axes written beside it, a legend, and words that say what it shows.

use super::dates::TimeAxis;
use super::path::{Path, place};
use super::scale::Scale;
use crate::page::html::Html;
use crate::page::number::powers;

/// One layer of a plot.
#[derive(Debug)]
pub(crate) struct Mark {
    /// How it is drawn, by the style sheet.
    pub(crate) class: &'static str,
    /// What it is called, where it can be read off under the pointer.
    pub(crate) name: String,
    /// What is drawn.
    pub(crate) path: Path,
}

impl Mark {
    /// A layer that is looked at alone.
    pub(crate) fn new(class: &'static str, path: Path) -> Self {
        Self { class, name: String::new(), path }
    }

    /// A line whose values can be read off.
    pub(crate) fn named(class: &'static str, name: &str, path: Path) -> Self {
        Self { class, name: name.to_owned(), path }
    }
}

/// How a value of an axis is written, with so many decimals as its neighbours need.
pub(crate) type Write = fn(f64, usize) -> String;

/// What stands along the bottom.
#[derive(Debug)]
pub(crate) enum Bottom<'a> {
    /// Bars in time.
    Time(&'a TimeAxis),
    /// Values.
    Values(Scale, Write),
    /// Words at shares of the width, and whether each is left out where there is little room.
    Words(Vec<(f64, String, bool)>),
}

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// Its name among the page's.
    pub(crate) id: String,
    /// How high it is, by the style sheet.
    pub(crate) class: &'static str,
    /// What stands above it, if anything.
    pub(crate) heading: String,
    /// What it is, for who does not see it.
    pub(crate) title: String,
    /// How it is drawn.
    pub(crate) drawn: String,
    /// What it shows, in words, for everybody.
    pub(crate) summary: String,
    /// Its values, and how they are written; how a script writes them.
    pub(crate) scale: Scale,
    pub(crate) write: Write,
    pub(crate) read_as: &'static str,
    /// How many round numbers stand along the side, about.
    pub(crate) n_ticks: usize,
    /// A value that is drawn as a line across.
    pub(crate) base: Option<f64>,
    pub(crate) bottom: Bottom<'a>,
    /// What is drawn, from the back to the front.
    pub(crate) marks: Vec<Mark>,
    /// What the layers mean: how each is drawn, and what it is.
    pub(crate) legend: Vec<(&'static str, String)>,
    /// What the axes count.
    pub(crate) axes: (&'static str, &'static str),
}

impl Chart<'_> {
    /// It as a figure.
    pub(crate) fn write_to(&self, out: &mut Html) {
        let name = |part: &str| format!("{}-{part}", self.id);
        out.raw("<figure").attr("class", &format!("chart {}", self.class)).attr("id", &self.id).raw(">");
        if !self.heading.is_empty() {
            out.element("<h3>", &self.heading, "</h3>");
        }
        if !self.legend.is_empty() {
            out.raw("<ul class=\"legend\">");
            for (class, text) in &self.legend {
                out.raw("<li><span").attr("class", &format!("key {class}")).raw("></span>").text(text).raw("</li>");
            }
            out.raw("</ul>");
        }
        if !self.axes.1.is_empty() {
            out.raw("<p class=\"ylab\" aria-hidden=\"true\">").text(self.axes.1).raw("</p>");
        }
        out.raw("<div class=\"plot\"").attr("data-y", self.read_as);
        out.attr("data-lo", &self.scale.low.to_string()).attr("data-hi", &self.scale.high.to_string());
        out.attr("data-log", if self.scale.is_log { "1" } else { "0" });
        match &self.bottom {
            Bottom::Time(_) => out.attr("data-x", "time"),
            Bottom::Values(scale, _) => {
                out.attr("data-x0", &scale.low.to_string()).attr("data-x1", &scale.high.to_string())
            }
            Bottom::Words(_) => out,
        };
        out.raw("><svg role=\"img\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\"");
        out.attr("aria-labelledby", &name("t")).attr("aria-describedby", &format!("{} {}", name("d"), name("s")));
        out.raw("><title").attr("id", &name("t")).raw(">").text(&self.title).raw("</title>");
        out.raw("<desc").attr("id", &name("d")).raw(">").text(&self.drawn).raw("</desc>");
        let (ys, xs) = (self.side(), self.below());
        let mut grid = Path::default();
        for (share, _) in &ys {
            grid.to(0.0, *share).line(1000.0, *share);
        }
        for (share, ..) in &xs {
            grid.to(1000.0 * share, 0.0).line(1000.0 * share, 1.0);
        }
        write_path(out, "grid", "", &grid);
        let (low, high) = (self.scale.low, self.scale.high);
        if let Some(base) = self.base.filter(|b| (low..=high).contains(b)).map(|b| self.scale.at(b)) {
            let mut path = Path::default();
            path.to(0.0, base).line(1000.0, base);
            write_path(out, "base", "", &path);
        }
        self.marks.iter().for_each(|mark| write_path(out, mark.class, &mark.name, &mark.path));
        out.raw("</svg><ol class=\"ys\" aria-hidden=\"true\">");
        for (share, label) in ys {
            out.raw("<li").attr("style", &format!("bottom:{:.1}%", 100.0 * share)).raw(">").text(&label).raw("</li>");
        }
        out.raw("</ol><ol class=\"xs\" aria-hidden=\"true\">");
        for (share, label, is_minor) in xs {
            let is_words = matches!(self.bottom, Bottom::Words(_));
            let edge = match share {
                s if s < 0.03 && !is_words => "s",
                s if s > 0.99 || s > 0.92 && !is_words => "e",
                _ => "",
            };
            out.raw("<li").attr("style", &format!("left:{:.1}%", 100.0 * share));
            let class = format!("{edge}{}", if is_minor { " minor" } else { "" });
            if !class.is_empty() {
                out.attr("class", class.trim());
            }
            out.raw(">").text(&label).raw("</li>");
        }
        out.raw("</ol></div>");
        if !self.axes.0.is_empty() {
            out.raw("<p class=\"xlab\" aria-hidden=\"true\">").text(self.axes.0).raw("</p>");
        }
        out.raw("<figcaption").attr("id", &name("s")).raw(">").text(&self.summary).raw("</figcaption></figure>");
    }

    /// The round numbers along the side, as shares of the height.
    fn side(&self) -> Vec<(f64, String)> {
        written(&self.scale, self.n_ticks, self.write)
    }

    /// What stands along the bottom, as shares of the width.
    fn below(&self) -> Vec<(f64, String, bool)> {
        match &self.bottom {
            Bottom::Time(axis) => {
                let share = |at: u32| place(at as usize, axis.n) / 1000.0;
                axis.ticks.iter().map(|t| (share(t.at), t.label.clone(), t.is_minor)).collect()
            }
            Bottom::Values(scale, write) => {
                let ticks = written(scale, 5, *write).into_iter().enumerate();
                ticks.map(|(i, (share, label))| (share, label, i % 2 == 1)).collect()
            }
            Bottom::Words(words) => words.clone(),
        }
    }
}

/// Round numbers of a scale, as shares of it.
fn written(scale: &Scale, n: usize, write: Write) -> Vec<(f64, String)> {
    let ticks = scale.ticks(n);
    let least = ticks.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    // As many decimals as tell the nearest two apart: one behind the other, for a step of 2.5.
    let is_told = |d: usize| {
        let steps = least * libm::pow(10.0, d as f64);
        (steps - steps.round()).abs() < 1e-6 * steps
    };
    let decimals = (0..6).find(|d| is_told(*d)).unwrap_or(6);
    let greatest = ticks.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    // So large or so small that plain digits would not fit, or not tell them apart.
    let is_far = greatest >= 1e7 || (least.is_finite() && least < 1e-6);
    let label = |v: f64| if is_far { powers(v, greatest, least) } else { write(v, decimals) };
    ticks.into_iter().map(|v| (scale.at(v), label(v))).collect()
}

fn write_path(out: &mut Html, class: &'static str, name: &str, path: &Path) {
    if path.is_empty() {
        return;
    }
    out.raw("<path").attr("class", class);
    if !name.is_empty() {
        out.attr("data-name", name);
    }
    out.attr("d", path.as_str()).raw("/>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::number::fixed;

    #[test]
    fn labels_of_any_size_are_short_and_differ() {
        for (low, high) in [(1e-8, 3e-8), (0.95e9, 1.25e9), (1.0, 9.0), (100.0, 100.004), (-3e-7, 2e-7), (0.0, 4e15)] {
            let labels = written(&Scale::linear([low, high]), 4, fixed);
            let mut told: Vec<&str> = labels.iter().map(|(_, label)| label.as_str()).collect();
            assert!(told.len() >= 2 && told.iter().all(|l| l.chars().count() <= 10), "{told:?}");
            told.dedup();
            assert_eq!(told.len(), labels.len(), "{told:?}");
        }
        let flat = written(&Scale::linear([0.0]), 4, crate::page::number::percent_to);
        assert_eq!(
            flat.iter().map(|(_, l)| l.as_str()).collect::<Vec<_>>(),
            ["−1.0 %", "−0.5 %", "0.0 %", "0.5 %", "1.0 %"]
        );
    }
}
