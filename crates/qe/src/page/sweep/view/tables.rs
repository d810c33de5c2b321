//! The best and the worst points, and those that failed.

use super::{FAILED, TABLE, brief, text};
use crate::page::html::{Html, short};
use crate::page::number::{count, of as so_many};
use crate::page::shell::{self, Column, Table};
use crate::page::sweep::SweepPage;

impl SweepPage {
    pub(super) fn table_part(&self, out: &mut Html) {
        shell::part(out, TABLE);
        let n_shown = self.top.len() + self.bottom.len();
        if n_shown == 0 {
            out.element("<p>", &format!("No point has {}.", self.by), "</p>\n");
            shell::end_part(out);
            return;
        }
        let order = if self.is_lowest_first { "less is better" } else { "more is better" };
        let caption = format!(
            "The {} best and the {} worst of {} by {} ({order}); {} are not shown",
            count(self.top.len()),
            count(self.bottom.len()),
            so_many(self.n_with(), "point", "points"),
            self.by,
            count(self.n_with() - n_shown)
        );
        let mut columns: Vec<Column<'_>> = vec![("Place", true)];
        columns.extend(self.metrics.iter().map(|m| (m.as_str(), true)));
        columns.extend(self.axes.iter().map(|a| (a.name.as_str(), a.is_ordered)));
        if self.n_plateau.is_some() {
            columns.push(("Plateau", false));
        }
        columns.push(("Point", true));
        let table = Table::begin(out, "points-table", &caption, &columns, true);
        for row in self.top.iter().chain(&self.bottom) {
            let mut cells = vec![count(row.rank)];
            cells.extend(self.metrics.iter().zip(&row.values).map(|(name, v)| text(name, *v)));
            cells.extend(self.axes.iter().zip(&row.params).map(|(axis, value)| brief(axis, value)));
            if self.n_plateau.is_some() {
                cells.push(if row.is_plateau == Some(true) { "yes" } else { "no" }.to_owned());
            }
            cells.push(row.point_id.to_string());
            table.row(out, &cells);
        }
        table.end(out);
        if self.n_plateau.is_some() {
            let words = "Plateau here: among all points, over every parameter of numbers, by the same tolerance.";
            out.element("<p class=\"hint\">", words, "</p>\n");
        }
        shell::end_part(out);
    }

    pub(super) fn failed_part(&self, out: &mut Html) {
        if self.failed.is_empty() {
            return;
        }
        shell::part(out, FAILED);
        let columns = [("Failed as", false), ("Points", true), ("The first of their reasons", false)];
        let table = Table::begin(out, "failed-table", "Points that were not done, by reason", &columns, false);
        for f in &self.failed {
            table.row(out, &[short(&f.kind, 200), count(f.n), short(&f.example, 600)]);
        }
        table.end(out);
        shell::end_part(out);
    }
}
