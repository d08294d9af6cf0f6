//! A manual page in man(7).

/// A page that is being written.
pub(super) struct Page(String);

impl Page {
    /// A page with its title; it has no date, so that it changes with its content only.
    pub(super) fn new(name: &str, section: u8, manual: &str) -> Self {
        Self(format!(
            ".\\\" Made by `cargo run -p reference -- --write`; do not edit.\n.TH {} {section} \"\" \"\" \"{manual}\"\n.nh\n.ad l\n",
            name.to_uppercase()
        ))
    }

    /// A heading.
    pub(super) fn section(&mut self, title: &str) -> &mut Self {
        self.line(&format!(".SH {title}"))
    }

    /// A heading within a section.
    pub(super) fn subsection(&mut self, title: &str) -> &mut Self {
        self.line(&format!(".SS {}", escaped(title)))
    }

    /// Paragraphs, with a blank line between them; `text` in backticks is bold.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for (index, paragraph) in text.trim().split("\n\n").enumerate() {
            if index > 0 || !self.after_heading() {
                self.line(".PP");
            }
            self.inline(paragraph);
        }
        self
    }

    /// One line each.
    pub(super) fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> &mut Self {
        for (index, line) in lines.enumerate() {
            if index > 0 {
                self.line(".br");
            }
            self.inline(line);
        }
        self
    }

    /// A paragraph with its term before it.
    pub(super) fn item(&mut self, term: &str, text: &str) -> &mut Self {
        self.line(".TP");
        self.inline(term);
        self.inline(text)
    }

    /// An item without a blank line before it.
    pub(super) fn close_item(&mut self, term: &str, text: &str) -> &mut Self {
        self.line(".PD 0");
        self.item(term, text);
        self.line(".PD")
    }

    /// A further paragraph of an item.
    pub(super) fn more(&mut self, text: &str) -> &mut Self {
        self.line(".IP");
        self.inline(text)
    }

    /// Lines as they are.
    pub(super) fn literal(&mut self, lines: &str) -> &mut Self {
        if !self.after_heading() {
            self.line(".PP");
        }
        self.line(".in +4n").line(".nf");
        for line in lines.trim_matches('\n').lines() {
            if line.is_empty() {
                self.line(".sp");
            } else {
                self.line(&escaped(line));
            }
        }
        self.line(".fi").line(".in")
    }

    /// What follows stands further right, until [`Page::outdent`].
    pub(super) fn indent(&mut self) -> &mut Self {
        self.line(".RS")
    }

    /// See [`Page::indent`].
    pub(super) fn outdent(&mut self) -> &mut Self {
        self.line(".RE")
    }

    /// The text of the page.
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Running text on one line of the source; what stands in backticks is bold.
    fn inline(&mut self, text: &str) -> &mut Self {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut line = String::new();
        for (index, part) in words.split('`').enumerate() {
            if index % 2 == 1 {
                line += &format!("\\fB{}\\fR", escaped_inside(part));
            } else {
                line += &escaped_inside(part);
            }
        }
        let line = guarded(line);
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> &mut Self {
        self.0 += line;
        self.0 += "\n";
        self
    }

    /// Whether a paragraph break would stand right after a heading, where it means nothing.
    fn after_heading(&self) -> bool {
        self.0
            .lines()
            .last()
            .is_some_and(|line| line.starts_with(".SH") || line.starts_with(".SS") || line == ".RS")
    }
}

/// A whole line in which nothing is an instruction.
fn escaped(text: &str) -> String {
    guarded(escaped_inside(text))
}

fn escaped_inside(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped += "\\e",
            '-' => escaped += "\\-",
            '~' => escaped += "\\(ti",
            '^' => escaped += "\\(ha",
            '\'' => escaped += "\\(aq",
            other => escaped.push(other),
        }
    }
    escaped
}

/// A dot at the start of a line begins an instruction.
fn guarded(line: String) -> String {
    if line.starts_with(['.', '\'']) {
        format!("\\&{line}")
    } else {
        line
    }
}
