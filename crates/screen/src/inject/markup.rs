//! What a page shows and what it hides. Instructions for a model like to stand where no person looks: in comments, in
//! invisible elements, in attributes, in Markdown's link definitions. These become a reading of their own; the visible
//! text, without tags, becomes another, so that a tag in the middle of a word hides nothing.

use crate::pieces::{Builder, Map};

/// Attributes that are text but not shown.
const ATTRIBUTES: &[&str] =
    &["alt=", "title=", "aria-label=", "content=", "data-prompt=", "placeholder=", "summary="];
/// Styles that hide an element.
const HIDING: &[&str] = &[
    "display:none",
    "display: none",
    "visibility:hidden",
    "visibility: hidden",
    "font-size:0",
    "font-size: 0",
    "opacity:0",
    "opacity: 0",
    " hidden",
    "color:white",
    "color: white",
    "color:#fff",
    "color: #fff",
    "aria-hidden",
    "left:-9999",
    "left: -9999",
];
/// Elements whose content nobody sees.
const SILENT: &[&str] = &["script", "style", "template", "noscript", "meta", "desc", "metadata"];

/// The hidden and the visible reading.
pub(crate) struct Readings {
    /// Comments, invisible elements, attributes, link definitions.
    pub(crate) hidden: Option<(String, Map)>,
    /// The text without tags.
    pub(crate) visible: Option<(String, Map)>,
}

/// Whether `text` has anything of a page: a comment, a closing tag or one that needs none, a link definition.
pub(crate) fn is_markup(text: &str) -> bool {
    const VOID: &[&str] =
        &["!--", "br", "img", "input", "meta", "p>", "hr", "div", "span", "link", "svg", "a "];
    let has_tag = memchr::memchr_iter(b'<', text.as_bytes()).any(|at| {
        let rest = text.get(at + 1..).unwrap_or_default();
        rest.starts_with('/')
            || VOID
                .iter()
                .any(|name| rest.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name)))
    });
    has_tag || memchr::memmem::find(text.as_bytes(), b"]: ").is_some()
}

/// Reads `text` as markup.
pub(crate) fn read(text: &str) -> Readings {
    let mut hidden = Builder::default();
    let mut visible = Builder::with_capacity(text.len());
    let mut reader = Reader { text, at: 0, tags: 0 };
    while let Some(next) = memchr::memchr(b'<', text.as_bytes().get(reader.at..).unwrap_or_default())
        .map(|found| reader.at + found)
    {
        visible.copy(text.get(reader.at..next).unwrap_or_default(), reader.at);
        reader.at = next;
        reader.element(&mut hidden, &mut visible);
    }
    visible.copy(text.get(reader.at..).unwrap_or_default(), reader.at);
    definitions(text, &mut hidden);
    Readings {
        hidden: (!hidden.text.is_empty()).then(|| hidden.finish()),
        visible: (reader.tags > 0).then(|| visible.finish()),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    tags: usize,
}

impl Reader<'_> {
    /// Takes the comment or tag at `self.at`; a `<` that begins none is text.
    fn element(&mut self, hidden: &mut Builder, visible: &mut Builder) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("<!--") {
            let length = comment.find("-->").unwrap_or(comment.len());
            self.hide(hidden, self.at + 4, length);
            self.tags += 1;
            self.at += (4 + length + 3).min(rest.len());
            return;
        }
        let is_tag = rest
            .as_bytes()
            .get(1)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?'));
        let Some(end) = rest.find('>').filter(|end| is_tag && *end < 2_000) else {
            visible.copy("<", self.at);
            self.at += 1;
            return;
        };
        let tag = rest.get(1..end).unwrap_or_default();
        self.tags += 1;
        let lower = tag.to_ascii_lowercase();
        self.attributes(hidden, &lower);
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let start = self.at + end + 1;
        self.at = start;
        if !name.is_empty() && (is_silent(name) || is_hiding(&lower)) && !tag.ends_with('/') {
            let close = self.text.get(start..).and_then(|tail| tail.find("</"));
            let length = close.unwrap_or_else(|| self.text.len() - start);
            if !name.eq_ignore_ascii_case("style") && !name.eq_ignore_ascii_case("script") {
                self.hide(hidden, start, length);
            }
            self.at = start + length;
        } else if !is_inline(
            tag.trim_start_matches('/')
                .split(|c: char| !c.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default(),
        ) {
            visible.replace(" ", start, start);
        }
    }

    fn hide(&self, hidden: &mut Builder, start: usize, length: usize) {
        if let Some(content) =
            self.text.get(start..start + length).filter(|content| !content.trim().is_empty())
        {
            hidden.copy(content, start);
            hidden.replace("\n", start + length, start + length);
        }
    }

    fn attributes(&self, hidden: &mut Builder, tag: &str) {
        for attribute in ATTRIBUTES {
            let Some(found) = tag.find(attribute) else { continue };
            let value = tag.get(found + attribute.len()..).unwrap_or_default();
            let Some(quote) = value.chars().next().filter(|letter| "\"'".contains(*letter)) else { continue };
            let inner = value.get(1..).unwrap_or_default();
            let length = inner.find(quote).unwrap_or(inner.len());
            self.hide(hidden, self.at + 1 + found + attribute.len() + 1, length);
        }
    }
}

fn is_silent(name: &str) -> bool {
    SILENT.iter().any(|silent| name.eq_ignore_ascii_case(silent))
}

fn is_hiding(tag: &str) -> bool {
    HIDING.iter().any(|style| tag.contains(style))
}

fn is_inline(name: &str) -> bool {
    ["b", "i", "em", "strong", "span", "u", "s", "font", "wbr", "a", "mark", "small", "sub", "sup"]
        .contains(&name)
}

/// Markdown link definitions used as comments, and image alternatives.
fn definitions(text: &str, hidden: &mut Builder) {
    if memchr::memmem::find(text.as_bytes(), b"]: ").is_none() {
        return;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_definition = line.trim_start().starts_with('[') && line.contains("]: ");
        if let Some(body) = line.find("]: ").filter(|_| is_definition) {
            hidden.copy(line.get(body + 3..).unwrap_or_default(), at + body + 3);
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_read() {
        let page = "<p>Hi</p><!-- one --><span style=\"display:none\">two</span><img alt=\"three\" src=x>\n[//]: # (four)\n";
        let readings = read(page);
        let (hidden, map) = readings.hidden.unwrap();
        assert_eq!(hidden, " one \ntwo\nthree\n# (four)\n");
        assert_eq!(map.original(6, 9), (page.find("two").unwrap(), page.find("two").unwrap() + 3));
    }

    #[test]
    fn a_tag_inside_a_word_hides_nothing() {
        assert_eq!(
            read("ig<b>no</b>re <p>all</p>").visible.unwrap().0.split_whitespace().collect::<Vec<_>>(),
            ["ignore", "all"]
        );
    }

    #[test]
    fn text_with_a_less_than_sign_is_no_markup() {
        let readings = read("if a < b and c <= d");
        assert!(readings.hidden.is_none() && readings.visible.is_none());
    }
}
