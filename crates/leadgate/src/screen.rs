//! What commands print: lines and tables for people, JSON for programs, colours where they are wanted.

use std::io::{IsTerminal as _, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use owo_colors::{OwoColorize as _, Style};
use serde_json::{Value, json};

use crate::exit::Failure;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// A text from elsewhere as it may go to a terminal: control characters, which could steer it, are shown as `\u{fffd}`.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { char::REPLACEMENT_CHARACTER } else { sign }).collect()
}

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// JSON rather than text.
    pub(crate) json: bool,
    colored_out: bool,
    colored_err: bool,
}

impl Screen {
    /// `no_color`: the environment says that colours are unwanted.
    pub(crate) fn new(json: bool, color: ColorChoice, no_color: bool) -> Screen {
        let colored = |is_terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        Screen {
            json,
            colored_out: colored(std::io::stdout().is_terminal()),
            colored_err: colored(std::io::stderr().is_terminal()),
        }
    }

    /// Whether log lines, which go to standard error, are coloured.
    pub(crate) fn colors_logs(&self) -> bool {
        self.colored_err
    }

    /// A line on standard output.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        // A reader that went away (`| head`) is no failure.
        drop(writeln!(std::io::stdout(), "{}", text.as_ref()));
    }

    /// A JSON document on one line of standard output.
    pub(crate) fn json_line(&self, value: &Value) {
        self.line(value.to_string());
    }

    /// A JSON document for `--json`, else the text.
    pub(crate) fn show(&self, value: &Value, text: impl FnOnce() -> String) {
        if self.json { self.json_line(value) } else { self.line(text()) }
    }

    /// Something to know on standard error.
    pub(crate) fn warn(&self, text: &str) {
        let label = self.paint_err("warning:", Style::new().yellow().bold());
        drop(writeln!(std::io::stderr(), "{label} {text}"));
    }

    /// A plain line on standard error.
    pub(crate) fn note(&self, text: &str) {
        drop(writeln!(std::io::stderr(), "{text}"));
    }

    /// A failure on standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        let text = format!("{:#}", failure.error);
        if self.json {
            drop(writeln!(std::io::stderr(), "{}", json!({"error": text, "exit": failure.exit as u8})));
            return;
        }
        let label = self.paint_err("error:", Style::new().red().bold());
        // What follows the first line is more of the same, or what to do about it.
        drop(writeln!(std::io::stderr(), "{label} {}", text.replace('\n', "\n       ")));
    }

    pub(crate) fn strong(&self, text: &str) -> String {
        self.paint_out(text, Style::new().bold())
    }

    pub(crate) fn faint(&self, text: &str) -> String {
        self.paint_out(text, Style::new().dimmed())
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.paint_out(text, Style::new().green())
    }

    /// Something to look at.
    pub(crate) fn attention(&self, text: &str) -> String {
        self.paint_out(text, Style::new().yellow())
    }

    /// Something that does not work.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint_out(text, Style::new().red().bold())
    }

    /// A table without lines, as terminals and `awk` like it.
    pub(crate) fn table<const COLUMNS: usize>(&self, header: [&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(header.map(|name| self.strong(name)));
        table.add_rows(rows);
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    fn paint_out(&self, text: &str, style: Style) -> String {
        if self.colored_out { text.style(style).to_string() } else { text.to_owned() }
    }

    fn paint_err(&self, text: &str, style: Style) -> String {
        if self.colored_err { text.style(style).to_string() } else { text.to_owned() }
    }
}
