//! The pages of the demo: a front page, the best and the worst run of all, and a sweep.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::time::TimeRange;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::market::Market;
use qe_engine::range::over_policies;
use qe_engine::run::{RunOptions, run};
use qe_engine::strategies;
use qe_engine::sweep::Sweep;

use super::files;
use crate::page::{
    FrontLink, FrontPage, FrontRow, RunPage, RunPageOptions, SweepPage, SweepPageOptions, TIMES, Tone, Verdict,
    cost_stress, spec_text,
};

/// The front page, which leads to the others.
const FRONT: &str = "index.html";
/// How many undecided bars are turned, of each path policy.
const MAX_TURNED: usize = 20;

/// The files of the demo beside the market: their names, and what is in them.
pub(super) struct Pages {
    folder: PathBuf,
    front: FrontPage,
    files: Vec<(PathBuf, String)>,
}

impl Pages {
    /// A front page, and nothing beside it yet.
    pub(super) fn of(folder: &Path, front: FrontPage) -> Self {
        Self { folder: folder.to_owned(), front, files: Vec::new() }
    }

    /// What the front page shows.
    pub(super) fn front(&self) -> &FrontPage {
        &self.front
    }

    /// What it shows, when all is written.
    pub(super) fn into_front(self) -> FrontPage {
        self.front
    }

    /// Takes the front page of an earlier demo away: it tells of a market that is about to be another.
    pub(super) fn withdraw(folder: &Path) -> Result<()> {
        files::remove(&folder.join(FRONT))
    }

    /// A file that nothing leads to.
    pub(super) fn add(&mut self, name: &str, text: String) -> PathBuf {
        let path = self.folder.join(name);
        self.files.push((path.clone(), text));
        path
    }

    fn add_page(&mut self, link: FrontLink, text: String) {
        self.add(&link.file, text);
        self.front.links.push(link);
    }

    /// The page of the best run.
    pub(super) fn add_best(&mut self, markets: &[Arc<Market>]) -> Result<()> {
        let best = self.front.ranked().first().cloned();
        best.map_or(Ok(()), |row| self.add_run(markets, &row, "best"))
    }

    /// The page of the worst run.
    pub(super) fn add_worst(&mut self, markets: &[Arc<Market>]) -> Result<()> {
        let worst = self.front.ranked().last().cloned();
        worst.map_or(Ok(()), |row| self.add_run(markets, &row, "worst"))
    }

    fn add_run(&mut self, markets: &[Arc<Market>], row: &FrontRow, which: &str) -> Result<()> {
        let is_it = |m: &&Arc<Market>| m.symbol() == row.symbol && m.timeframe() == row.timeframe;
        let market = markets.iter().find(is_it).context("the market of a run is gone")?;
        let spec = strategies::by_name(&row.strategy)?;
        let TimeRange { start, end } = self.front.scored;
        let options = RunOptions { eval_start: Some(start), eval_end: Some(end), ..RunOptions::default() };
        let report = run(&spec, market, &options)?;
        let plan = spec.compile(&market.schema(), market.steps_per_year(), None)?;
        let rows = report.curve.rows.clone();
        let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
        let page_options = RunPageOptions {
            policies: Some(over_policies(&plan, 0, market, &stretch, MAX_TURNED)?),
            stress: Some(cost_stress(&spec, market, &options, &TIMES)?),
            verdict: Some(self.verdict(which)),
            spec: Some(spec_text(&spec)?),
            ..RunPageOptions::default()
        };
        let page = RunPage::of(&report, market, &page_options)?;
        let link = FrontLink {
            file: format!("{which}.html"),
            kind: format!("The {which} run"),
            title: format!("{} on {} {}", row.strategy, row.symbol, row.timeframe),
            about: "Return and falls, months, trades on the price, path policies, costs, all metrics.".to_owned(),
        };
        self.add_page(link, page.html());
        Ok(())
    }

    /// That it was chosen, and from how many.
    fn verdict(&self, which: &str) -> Verdict {
        let n = self.front.rows.len();
        let mut reasons = vec![format!(
            "It was chosen afterwards, by its daily Sharpe ratio: every strategy of the library over every market of \
             the demo is {n} runs."
        )];
        reasons.extend(self.front.luck.as_ref().filter(|_| which == "best").map(|luck| {
            format!(
                "The best of so many that are worth nothing would show a Sharpe ratio of about {:.2}, were they \
                 independent.",
                luck.sharpe
            )
        }));
        Verdict { word: format!("The {which} of {n} runs"), tone: Tone::Plain, reasons }
    }

    /// The page of a sweep, scored over a stretch.
    pub(super) fn add_sweep(
        &mut self,
        sweep: &Sweep,
        points: &PointTable,
        outcomes: &OutcomeTable,
        scored: TimeRange,
    ) -> Result<()> {
        let options = SweepPageOptions { scored: Some(scored), ..SweepPageOptions::default() };
        let page = SweepPage::of(sweep, points, outcomes, &options)?;
        let markets: Vec<String> = sweep.markets().iter().map(|m| m.key()).collect();
        let link = FrontLink {
            file: "sweep.html".to_owned(),
            kind: format!("A sweep of {} points", points.len()),
            title: format!("{} on {}", sweep.spec().name, markets.join(", ")),
            about: "Every value of its parameters: map, plateaus, each parameter alone, best and worst points."
                .to_owned(),
        };
        self.add_page(link, page.html());
        Ok(())
    }

    /// Writes all files, the front page last; the paths of the pages, it first.
    pub(super) fn write(&mut self) -> Result<Vec<PathBuf>> {
        let front = self.folder.join(FRONT);
        self.files.push((front.clone(), self.front.html()));
        files::write_together(&self.files)?;
        let beside = self.front.links.iter().map(|link| self.folder.join(&link.file));
        Ok(std::iter::once(front).chain(beside).collect())
    }
}
