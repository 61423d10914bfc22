//! What texts a submission may hold: no control characters, no more than the CRM takes, nothing blank kept.

use super::Problem;

/// The longest single-line text the CRM takes.
const LONGEST_LINE: usize = 255;
/// The longest note. Far above what people write, far below the body limit.
const LONGEST_TEXT: usize = 60_000;

/// Collects problems while fields are read, so that the caller hears of all of them at once.
#[derive(Default)]
pub(crate) struct Checked {
    problems: Vec<Problem>,
}

impl Checked {
    /// A single line: trimmed, `None` if blank.
    pub(crate) fn line(&mut self, field: &str, text: Option<String>) -> Option<String> {
        self.text(field, text, LONGEST_LINE, |c| c.is_control())
    }

    /// Several lines: trimmed, `None` if blank.
    pub(crate) fn lines(&mut self, field: &str, text: Option<String>) -> Option<String> {
        self.text(field, text, LONGEST_TEXT, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    }

    fn text(
        &mut self,
        field: &str,
        text: Option<String>,
        longest: usize,
        forbidden: fn(char) -> bool,
    ) -> Option<String> {
        let text = text?;
        let trimmed = text.trim();
        if trimmed.chars().any(forbidden) {
            self.problem(field, "holds control characters; send plain text");
        }
        if trimmed.chars().count() > longest {
            self.problem(field, format!("is longer than {longest} characters"));
        }
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(field, message));
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_right(&self) -> bool {
        self.problems.is_empty()
    }

    /// Keeps a value or notes why there is none.
    pub(crate) fn keep<T, E: std::fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problem(field, error.to_string())).ok()
    }

    /// The refusal that names every problem.
    pub(crate) fn refuse(self) -> super::IntakeError {
        super::IntakeError::Invalid(self.problems)
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, super::IntakeError> {
        if self.problems.is_empty() { Ok(value) } else { Err(self.refuse()) }
    }
}

/// Serde quotes the offending value in its messages; a value may be personal, so only the kind is kept. The names of known fields and
/// variants stand in the same quotes further on, after "expected".
pub(super) fn without_values(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let (quoted, expected) =
        message.split_once(", expected").map_or((message, None), |(one, other)| (one, Some(other)));
    let is_field_name =
        ["unknown field", "missing field", "duplicate field"].iter().any(|start| quoted.starts_with(start));
    let quoted = if is_field_name { quoted.to_owned() } else { without_quoted(quoted) };
    match expected {
        Some(expected) => format!("{quoted}, expected{expected}"),
        None => quoted,
    }
}

fn without_quoted(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = None;
    for character in text.chars() {
        match (inside, character) {
            (Some(quote), _) if character == quote => inside = None,
            (Some(_), _) => {}
            (None, '"' | '`') => {
                kept.push('…');
                inside = Some(character);
            }
            (None, _) => kept.push(character),
        }
    }
    kept
}
