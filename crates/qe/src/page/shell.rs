//! What both pages stand in: head, style, skip link, contents, foot. Nothing in it is fetched from anywhere, and the
//! page itself forbids it.

use super::html::{Html, short};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A part of a page: its name in links, and its heading.
pub(crate) type Part = (&'static str, &'static str);

/// Everything before the header. `what` is the kind of page, `name` what it is of.
pub(crate) fn begin(what: &'static str, name: &str) -> Html {
    let mut out = Html::default();
    out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    out.raw("style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n<title>");
    out.text(&short(name, 120)).raw(" – ").raw(what).raw("</title>\n<style>\n").raw(STYLE).raw("</style>\n</head>\n");
    out.raw("<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    out
}

/// Links to the parts.
pub(crate) fn contents(out: &mut Html, parts: &[Part]) {
    out.raw("<nav class=\"toc\" aria-label=\"On this page\"><ul>");
    for (id, title) in parts {
        out.raw("<li><a").attr("href", &format!("#{id}")).raw(">").text(title).raw("</a></li>");
    }
    out.raw("</ul></nav>\n");
}

/// The opening of a part.
pub(crate) fn part(out: &mut Html, (id, title): Part) {
    out.raw("<section class=\"card\"").attr("id", id).attr("aria-labelledby", &format!("{id}-h")).raw("><h2");
    out.attr("id", &format!("{id}-h")).raw(">").text(title).raw("</h2>\n");
}

/// Its end.
pub(crate) fn end_part(out: &mut Html) {
    out.raw("</section>\n");
}

/// Everything behind the results; `days` are those of the columns of charts in time, for what is read off them.
pub(crate) fn end(mut out: Html, foot: &str, days: &[i32]) -> String {
    out.raw("</main>\n<footer class=\"wrap\"><p>").text(foot).raw("</p></footer>\n");
    if let Some(first) = days.first() {
        // The first day, and from each to the next.
        let steps = days.windows(2).map(|w| (w[1] - w[0]).to_string());
        let all: Vec<String> = std::iter::once(first.to_string()).chain(steps).collect();
        out.raw("<script type=\"application/json\" id=\"days\">[").text(&all.join(",")).raw("]</script>\n");
    }
    out.raw("<script>\n").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    out.finish()
}

/// Whether a cell is broken into lines.
fn is_long(cell: &str) -> bool {
    cell.len() > 30
}

/// A strategy in TOML, folded away.
pub(crate) fn spec(out: &mut Html, toml: &str) {
    out.raw("<details><summary>The strategy as it was run, with its costs, fills and sizes: every default is written");
    out.raw("</summary><pre tabindex=\"0\">").foreign(toml).raw("</pre></details>\n");
}

/// A column of a table: its heading, and whether it holds numbers.
pub(crate) type Column<'a> = (&'a str, bool);

/// A table that scrolls within itself where there is no room for it. The first cell of a row is its heading.
pub(crate) struct Table {
    is_sortable: bool,
    n_columns: usize,
    numeric: Vec<bool>,
}

impl Table {
    /// Opens it.
    pub(crate) fn begin(out: &mut Html, id: &str, caption: &str, columns: &[Column<'_>], is_sortable: bool) -> Self {
        out.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").attr("aria-labelledby", &format!("{id}-c"));
        let class = match (is_sortable, columns.len() > 14) {
            (true, true) => " class=\"sortable wide\"",
            (true, false) => " class=\"sortable\"",
            (false, true) => " class=\"wide\"",
            (false, false) => "",
        };
        out.raw("><table").attr("id", id).raw(class);
        out.raw("><caption")
            .attr("id", &format!("{id}-c"))
            .raw("><span>")
            .text(caption)
            .raw("</span></caption><thead><tr>");
        for (name, is_number) in columns {
            out.raw("<th scope=\"col\"").raw(if *is_number { " class=\"n\"" } else { "" }).raw(">");
            out.text(name).raw("</th>");
        }
        out.raw("</tr></thead><tbody>\n");
        Self { is_sortable, n_columns: columns.len(), numeric: columns.iter().map(|c| c.1).collect() }
    }

    /// A row of texts.
    pub(crate) fn row(&self, out: &mut Html, cells: &[String]) {
        debug_assert_eq!(cells.len(), self.n_columns);
        out.raw("<tr>");
        for (i, cell) in cells.iter().enumerate() {
            let is_number = self.numeric.get(i).copied().unwrap_or(false);
            match (i, is_number) {
                (0, false) if is_long(cell) => out.raw("<th scope=\"row\" class=\"long\">").foreign(cell).raw("</th>"),
                (0, false) => out.raw("<th scope=\"row\">").foreign(cell).raw("</th>"),
                (0, true) => out.raw("<th scope=\"row\" class=\"n\">").text(cell).raw("</th>"),
                (_, false) if is_long(cell) => out.raw("<td class=\"long\">").foreign(cell).raw("</td>"),
                (_, false) => out.raw("<td>").foreign(cell).raw("</td>"),
                (_, true) => out.raw("<td class=\"n\">").text(cell).raw("</td>"),
            };
        }
        out.raw("</tr>\n");
    }

    /// Closes it.
    pub(crate) fn end(self, out: &mut Html) {
        out.raw("</tbody></table></div>\n");
        if self.is_sortable {
            out.raw("<p class=\"hint js-only\">Headings of this table sort it.</p>\n");
        }
    }
}
