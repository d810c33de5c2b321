//! Markup, written so that data cannot become any: what is raw is a literal of ours, and all else is escaped.

use std::fmt::Display;

/// A page as it grows.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup of ours. That it is `'static` keeps data out.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// A value as text.
    pub(crate) fn show(&mut self, value: impl Display) -> &mut Self {
        self.text(&value.to_string())
    }

    /// Text of somebody else: in a direction of its own, so that it turns nothing round but itself.
    pub(crate) fn foreign(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(text).raw("</bdi>")
    }

    /// An attribute of the tag that is open.
    pub(crate) fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// An element that holds text alone.
    pub(crate) fn element(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    /// The page.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Text as it stands in markup, between tags as in attributes. Characters that a page may not hold are shown as such.
fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let instead = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            '\n' | '\t' => continue,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(instead);
        from = at + c.len_utf8();
    }
    out.push_str(&text[from..]);
}

/// The first characters of a text that may be long.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_never_markup() {
        let mut page = Html::default();
        page.raw("<p").attr("title", "\"><script>x('&')</script>").raw(">").text("a<b & 'c'").raw("</p>");
        assert_eq!(
            page.finish(),
            "<p title=\"&quot;&gt;&lt;script&gt;x(&#39;&amp;&#39;)&lt;/script&gt;\">a&lt;b &amp; &#39;c&#39;</p>"
        );
    }

    #[test]
    fn what_a_page_may_not_hold_is_replaced_and_other_scripts_stay() {
        let mut page = Html::default();
        page.text("a\0b\u{1b}[31mc\u{85}d\ne\u{ffff}f").foreign("\u{202e}اختبار 東 🦀");
        assert_eq!(page.finish(), "a\u{fffd}b\u{fffd}[31mc\u{fffd}d\ne\u{fffd}f<bdi>\u{202e}اختبار 東 🦀</bdi>");
    }

    #[test]
    fn what_is_cut_is_cut_between_characters() {
        assert_eq!((short("äöü", 3), short("äöüß", 3)), ("äöü".to_owned(), "äöü…".to_owned()));
    }
}
