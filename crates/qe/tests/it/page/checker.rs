//! A reader of HTML that trusts nothing: tags must balance, names be unique, references lead somewhere on the page.

use std::collections::BTreeSet;

/// Elements without an end.
const VOID: [&str; 3] = ["br", "link", "meta"];

/// An element.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attrs: Vec<(String, String)>,
    /// The element that it stands in.
    parent: Option<usize>,
    /// All text in it.
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A page that was read.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) elements: Vec<Element>,
}

impl Document {
    pub(crate) fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |e| e.tag == tag)
    }

    pub(crate) fn by_id(&self, id: &str) -> &Element {
        self.elements.iter().find(|e| e.attr("id") == Some(id)).unwrap_or_else(|| panic!("there is no {id}"))
    }

    /// The texts of the cells of a table, row by row, its head first.
    pub(crate) fn rows(&self, id: &str) -> Vec<Vec<String>> {
        let table = self.elements.iter().position(|e| e.attr("id") == Some(id)).unwrap_or_else(|| panic!("no {id}"));
        let mut rows = Vec::new();
        for (i, e) in self.elements.iter().enumerate() {
            if e.tag == "tr" && self.is_within(i, table) {
                let cells = self.elements.iter().filter(|c| c.parent == Some(i)).map(|c| c.text.clone());
                rows.push(cells.collect());
            }
        }
        rows
    }

    fn is_within(&self, mut i: usize, outer: usize) -> bool {
        while let Some(parent) = self.elements[i].parent {
            if parent == outer {
                return true;
            }
            i = parent;
        }
        false
    }

    fn has_within(&self, outer: usize, tag: &str) -> bool {
        (0..self.elements.len()).any(|i| self.elements[i].tag == tag && self.is_within(i, outer))
    }
}

/// Reads a page, and panics where it is not well built.
pub(crate) fn read(html: &str) -> Document {
    let mut rest = html.strip_prefix("<!DOCTYPE html>\n").expect("it begins with its type");
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while !rest.is_empty() {
        let Some(at) = rest.find('<') else {
            assert_eq!(rest.trim(), "", "text after the end");
            break;
        };
        let text = decoded(&rest[..at]);
        open.iter().for_each(|i| elements[*i].text.push_str(&text));
        rest = &rest[at + 1..];
        if let Some(end) = rest.strip_prefix('/') {
            let (tag, after) = end.split_once('>').expect("a tag ends");
            let top = open.pop().unwrap_or_else(|| panic!("</{tag}> ends nothing"));
            assert_eq!(elements[top].tag, tag, "</{tag}> ends <{}>", elements[top].tag);
            rest = after;
            continue;
        }
        let (element, is_closed, after) = tag_of(rest, open.last().copied());
        let is_void = is_closed || VOID.contains(&element.tag.as_str());
        let raw = format!("</{}>", element.tag);
        let is_raw = ["script", "style"].contains(&element.tag.as_str());
        elements.push(element);
        rest = after;
        if is_raw {
            let end = rest.find(&raw).expect("raw text ends");
            elements.last_mut().unwrap().text = rest[..end].to_owned();
            rest = &rest[end + raw.len()..];
        } else if !is_void {
            open.push(elements.len() - 1);
        }
    }
    assert!(open.is_empty(), "<{}> does not end", elements[open[0]].tag);
    Document { elements }
}

/// The tag at the beginning of a text, whether it ends itself, and what follows.
fn tag_of(text: &str, parent: Option<usize>) -> (Element, bool, &str) {
    let name = text.find(|c: char| !c.is_ascii_alphanumeric()).expect("a tag ends");
    let tag = text[..name].to_owned();
    assert!(!tag.is_empty(), "a bare < before {:?}", &text[..text.len().min(40)]);
    let (mut rest, mut attrs) = (&text[name..], Vec::<(String, String)>::new());
    loop {
        let trimmed = rest.trim_start();
        if let Some(after) = trimmed.strip_prefix("/>") {
            return (Element { tag, attrs, parent, text: String::new() }, true, after);
        }
        if let Some(after) = trimmed.strip_prefix('>') {
            return (Element { tag, attrs, parent, text: String::new() }, false, after);
        }
        assert!(trimmed.len() < rest.len(), "attributes are apart: {:?}", &rest[..rest.len().min(40)]);
        let (name, after) = trimmed.split_once("=\"").expect("a value in quotes");
        let (value, after) = after.split_once('"').expect("a value ends");
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        assert!(is_name && !name.starts_with("on"), "{name:?} is no attribute of ours");
        assert!(attrs.iter().all(|(n, _)| n != name), "{name} stands twice in <{tag}>");
        assert!(!value.contains('<'), "a < in {name}");
        attrs.push((name.to_owned(), decoded(value)));
        rest = after;
    }
}

/// Text with its character references resolved; there are five of ours.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').unwrap_or_else(|| panic!("a bare & in {rest:?}"));
        out.push(match &rest[at..=at + end] {
            "&amp;" => '&',
            "&lt;" => '<',
            "&gt;" => '>',
            "&quot;" => '"',
            "&#39;" => '\'',
            other => panic!("{other} is none of ours"),
        });
        rest = &rest[at + end + 1..];
    }
    out + rest
}

/// Reads a page and checks all that every page must be: alone in the world, and sane for keyboards and screen readers.
pub(crate) fn check(html: &str) -> Document {
    check_beside(html, &[])
}

/// The same of a page that leads to these files beside it.
pub(crate) fn check_beside(html: &str, files: &[&str]) -> Document {
    let page = read(html);
    let mut ids = BTreeSet::new();
    for id in page.elements.iter().filter_map(|e| e.attr("id")) {
        assert!(ids.insert(id), "{id} stands twice");
        assert!(!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id:?} is no id");
    }
    for e in &page.elements {
        let named = |name: &str| e.attr(name).into_iter().flat_map(str::split_whitespace).collect::<Vec<_>>();
        for id in [named("aria-labelledby"), named("aria-describedby")].concat() {
            assert!(ids.contains(id), "{} leads to {id}, which is not there", e.tag);
        }
        for (name, value) in &e.attrs {
            // Nothing is fetched: no attribute of ours leads anywhere but into the page.
            assert!(!["src", "srcset", "action", "poster", "data"].contains(&name.as_str()), "<{} {name}>", e.tag);
            if name == "href" && !files.contains(&value.as_str()) {
                let id = value.strip_prefix('#').unwrap_or_else(|| panic!("a link to {value}"));
                assert!(ids.contains(id), "a link to {id}, which is not there");
            }
        }
        assert!(!["link", "img", "iframe", "object", "embed", "base", "form", "input"].contains(&e.tag.as_str()));
    }
    let policy = page.all("meta").find(|e| e.attr("http-equiv") == Some("Content-Security-Policy"));
    assert!(policy.unwrap().attr("content").unwrap().starts_with("default-src 'none'; "), "the page may fetch");
    for raw in page.all("style").chain(page.all("script")) {
        for word in ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
            assert!(!raw.text.contains(word), "{word} in a <{}>", raw.tag);
        }
    }
    check_structure(&page);
    page
}

/// One main heading, headings in order, landmarks, charts with words, tables with captions.
fn check_structure(page: &Document) {
    for (tag, n) in [("html", 1), ("head", 1), ("body", 1), ("h1", 1), ("main", 1), ("header", 1), ("footer", 1)] {
        assert_eq!(page.all(tag).count(), n, "<{tag}>");
    }
    assert_eq!((page.all("html").next().unwrap().attr("lang"), page.all("title").count() > 0), (Some("en"), true));
    let mut before = 1;
    for e in page.elements.iter().filter(|e| e.tag.len() == 2 && e.tag.starts_with('h') && e.tag != "hr") {
        let level = e.tag[1..].parse::<u32>().unwrap();
        assert!(level <= before + 1, "{:?} leaps from {before} to {level}", e.text);
        assert!(!e.text.trim().is_empty(), "an empty <{}>", e.tag);
        before = level;
    }
    let skip = page.all("a").next().unwrap();
    assert_eq!((skip.attr("class"), skip.attr("href")), (Some("skip"), Some("#main")));
    assert!(page.all("nav").all(|e| e.attr("aria-label").is_some()) && page.all("nav").count() == 1);
    for (i, e) in page.elements.iter().enumerate() {
        match e.tag.as_str() {
            "svg" => {
                assert_eq!(e.attr("role"), Some("img"));
                assert!(page.has_within(i, "title") && page.has_within(i, "desc"), "a chart without words");
                assert!(e.attr("aria-labelledby").is_some() && e.attr("aria-describedby").is_some());
            }
            "figure" => assert!(page.has_within(i, "figcaption"), "a figure without words"),
            "table" => {
                assert!(page.has_within(i, "caption"), "a table without a caption");
                let box_of = &page.elements[e.parent.unwrap()];
                let named = (box_of.attr("class"), box_of.attr("role"), box_of.attr("tabindex"));
                assert_eq!(named, (Some("scroll"), Some("region"), Some("0")));
                assert!(box_of.attr("aria-labelledby").is_some());
            }
            "th" => assert!(matches!(e.attr("scope"), Some("col" | "colgroup" | "row")), "{:?} heads nothing", e.text),
            "title" | "desc" | "figcaption" | "caption" => assert!(!e.text.trim().is_empty(), "an empty <{}>", e.tag),
            "path" => {
                let d = e.attr("d").unwrap();
                assert!(d.bytes().all(|b| b.is_ascii_digit() || b" .-MLHVZh".contains(&b)), "{d}");
            }
            _ => {}
        }
    }
}

#[test]
fn what_is_badly_built_is_found() {
    let page = |body: &str| format!("<!DOCTYPE html>\n<html><body>{body}</body></html>");
    assert_eq!(read(&page("<p class=\"a\">x &amp; y<br>z</p>")).all("p").next().unwrap().text, "x & yz");
    for bad in [
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "a < b",
        "<p onclick=\"x\"></p>",
        "<p a=\"1\" a=\"2\"></p>",
        "x & y",
        "&nbsp;",
        "<p a=1></p>",
    ] {
        assert!(std::panic::catch_unwind(|| read(&page(bad))).is_err(), "{bad}");
    }
}
