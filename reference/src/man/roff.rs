//! A manual page in man(7).

use clap_mangen::roff::{Roff, roman};

/// Lines at the start of what roff renders: a definition that the page needs once.
const DEFINITION: usize = 2;

/// A page that is being written.
pub(super) struct Page(String);

impl Page {
    /// A page with its title; it has no date, so that it changes with its content only.
    pub(super) fn new(name: &str, section: &str, manual: &str) -> Self {
        let title = [&name.to_uppercase(), section, "\"\"", "\"\"", manual];
        let mut roff = Roff::new();
        roff.control("TH", title).control("nh", []).control("ad", ["l"]);
        Self(roff.render())
    }

    /// A heading.
    pub(super) fn section(&mut self, title: &str) -> &mut Self {
        self.add(Roff::new().control("SH", [title]))
    }

    /// A heading within a section.
    pub(super) fn subsection(&mut self, title: &str) -> &mut Self {
        self.add(Roff::new().control("SS", [&*title.replace('-', "\\-")]))
    }

    /// Paragraphs, with a blank line between them; `text` in backticks is bold.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for paragraph in text.trim().split("\n\n") {
            self.paragraph().inline(paragraph);
        }
        self
    }

    /// One line each.
    pub(super) fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> &mut Self {
        for (index, line) in lines.enumerate() {
            if index > 0 {
                self.add(Roff::new().control("br", []));
            }
            self.inline(line);
        }
        self
    }

    /// A paragraph with its term before it.
    pub(super) fn item(&mut self, term: &str, text: &str) -> &mut Self {
        self.add(Roff::new().control("TP", [])).inline(term).inline(text)
    }

    /// An item without a blank line before it.
    pub(super) fn close_item(&mut self, term: &str, text: &str) -> &mut Self {
        self.add(Roff::new().control("PD", ["0"]));
        self.item(term, text).add(Roff::new().control("PD", []))
    }

    /// A further paragraph of an item.
    pub(super) fn more(&mut self, text: &str) -> &mut Self {
        self.add(Roff::new().control("IP", [])).inline(text)
    }

    /// Lines as they are.
    pub(super) fn literal(&mut self, lines: &str) -> &mut Self {
        let mut roff = Roff::new();
        roff.control("in", ["+4n"]).control("nf", []);
        for line in lines.trim_matches('\n').lines() {
            if line.is_empty() {
                roff.control("sp", []);
            } else {
                roff.text([roman(line)]);
            }
        }
        self.paragraph().add(roff.control("fi", []).control("in", []))
    }

    /// Items further right than what stands before them.
    pub(super) fn indented(&mut self, rendered: &str) -> &mut Self {
        self.add(Roff::new().control("RS", []));
        self.rendered(rendered).add(Roff::new().control("RE", []))
    }

    /// Text that clap_mangen or roff rendered.
    pub(super) fn rendered(&mut self, rendered: &str) -> &mut Self {
        for line in rendered.lines().skip(DEFINITION) {
            self.0 += line;
            self.0 += "\n";
        }
        self
    }

    /// The text of the page.
    pub(super) fn finish(self) -> String {
        let mut page = ".\\\" Made by `cargo run -p reference -- --write`; do not edit.\n".to_owned();
        for line in self.0.lines() {
            // Otherwise they are accents above nothing. roff escapes neither.
            let line = line.replace('~', "\\(ti").replace('^', "\\(ha");
            for (index, part) in line.split('`').enumerate() {
                page += &if index % 2 == 1 {
                    format!("\\fB{part}\\fR")
                } else {
                    part.to_owned()
                };
            }
            page += "\n";
        }
        page
    }

    /// Running text on one line of the source.
    fn inline(&mut self, text: &str) -> &mut Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        self.add(Roff::new().text([roman(words.join(" "))]))
    }

    /// Begins a paragraph. Right after a heading, that means nothing.
    fn paragraph(&mut self) -> &mut Self {
        let last = self.0.lines().last().unwrap_or_default();
        if last.starts_with(".SH") || last.starts_with(".SS") {
            return self;
        }
        self.add(Roff::new().control("PP", []))
    }

    fn add(&mut self, roff: &Roff) -> &mut Self {
        self.rendered(&roff.render())
    }
}
