//! How long files and functions may be. What makes a code base hard to read is its longest tenth, so the limits are hard.
//!
//! A function counts from the line of its `fn` to the line of its closing brace, whether it is free, a method, or written inside a
//! macro call. A file counts all its lines, tests included.

use super::tokens::{self, Token};
use super::{Finding, SourceFile};

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

/// Something with a length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    place: String,
    name: String,
    lines: usize,
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Measured {
    files: Vec<Measure>,
    functions: Vec<Measure>,
    unreadable: Vec<Finding>,
}

/// Measures the Rust files among `files`.
pub(crate) fn measure(files: &[SourceFile]) -> Measured {
    let mut measured = Measured::default();
    for file in files.iter().filter(|file| file.is_rust()) {
        let (place, lines) = (file.path.clone(), file.text.lines().count());
        measured.files.push(Measure { name: place.clone(), place, lines });
        match tokens::read(&file.text) {
            Ok(tokens) => measured.functions.extend(functions(&file.path, &tokens)),
            Err(reason) => measured.unreadable.push(Finding::new(&file.path, reason)),
        }
    }
    measured
}

/// The files and functions past the limits, and the files that are not Rust.
pub(crate) fn check(measured: &Measured) -> Vec<Finding> {
    let mut findings = measured.unreadable.clone();
    for file in measured.files.iter().filter(|file| file.lines > LONGEST_FILE) {
        let message = format!("{} lines, at most {LONGEST_FILE}: split it by subject", file.lines);
        findings.push(Finding::new(&file.place, message));
    }
    for function in measured.functions.iter().filter(|function| function.lines > LONGEST_FUNCTION) {
        let Measure { name, lines, .. } = function;
        let message = format!("`{name}` has {lines} lines, at most {LONGEST_FUNCTION}: name its parts");
        findings.push(Finding::new(&function.place, message));
    }
    findings
}

/// Two lines for people: how the lengths are spread.
pub(crate) fn report(measured: &Measured) -> String {
    format!("{}\n{}", spread("files", &measured.files), spread("functions", &measured.functions))
}

fn spread(what: &str, measures: &[Measure]) -> String {
    let mut lengths: Vec<usize> = measures.iter().map(|measure| measure.lines).collect();
    lengths.sort_unstable();
    let Some(longest) = measures.iter().max_by_key(|measure| measure.lines) else {
        return format!("{what}: none");
    };
    let (median, p90) = (percentile(&lengths, 50), percentile(&lengths, 90));
    let Measure { name, lines, .. } = longest;
    format!("{what}: {}, lines: median {median}, p90 {p90}, longest {lines} ({name})", lengths.len())
}

/// The smallest length that at least `percent` of the sorted `lengths` do not exceed.
fn percentile(lengths: &[usize], percent: usize) -> usize {
    let rank = (lengths.len() * percent).div_ceil(100).max(1);
    lengths[rank - 1]
}

fn functions(path: &str, tokens: &[Token]) -> Vec<Measure> {
    let starts = tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].text == "fn" && is_name(&pair[1].text));
    let measured = starts.filter_map(|(index, pair)| {
        let end = closing_line(&tokens[index..])?;
        let place = format!("{path}:{}", pair[0].line);
        Some(Measure { place, name: pair[1].text.clone(), lines: end - pair[0].line + 1 })
    });
    measured.collect()
}

/// The line of the brace that closes the function which `tokens` begin with; none if it has no body.
fn closing_line(tokens: &[Token]) -> Option<usize> {
    let depth = tokens.first()?.depth;
    let mut at_depth = tokens.iter().enumerate().filter(|(_, token)| token.depth == depth);
    let (open, _) = at_depth.find(|(index, token)| token.text == ";" || is_body(&tokens[..*index], token))?;
    if tokens[open].text == ";" {
        return None;
    }
    at_depth.find(|(_, token)| token.text == "}").map(|(_, token)| token.line)
}

/// A brace after `<` or `,` is the value of a const generic, not a body.
fn is_body(before: &[Token], token: &Token) -> bool {
    token.text == "{" && before.last().is_some_and(|previous| previous.text != "<" && previous.text != ",")
}

/// `fn(` is a pointer's type; a function has a name.
fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: impl Into<String>) -> [SourceFile; 1] {
        [SourceFile { path: "a.rs".into(), text: text.into() }]
    }

    fn function_lengths(text: &str) -> Vec<(String, usize)> {
        measure(&file(text)).functions.into_iter().map(|function| (function.name, function.lines)).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "call();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_at_the_limit_passes_and_one_line_more_does_not() {
        assert_eq!(check(&measure(&file(function_of(60)))), []);
        let findings = check(&measure(&file(function_of(61))));
        assert_eq!(findings[0].to_string(), "a.rs:1: `long` has 61 lines, at most 60: name its parts");
    }

    #[test]
    fn a_file_at_the_limit_passes_and_one_line_more_does_not() {
        assert_eq!(check(&measure(&file("// x\n".repeat(500)))), []);
        let findings = check(&measure(&file("// x\n".repeat(501))));
        assert_eq!(findings[0].to_string(), "a.rs: 501 lines, at most 500: split it by subject");
    }

    #[test]
    fn braces_in_text_do_not_end_a_function() {
        let text = "fn a() {\n let b = \"}\"; // }\n let c = '}';\n let d = r#\"}\"#;\n /* } */\n}";
        assert_eq!(function_lengths(text), [("a".into(), 6)]);
    }

    #[test]
    fn finds_methods_nested_functions_and_functions_in_macro_calls() {
        let text = "impl A {\n fn b(&self) {\n  fn c() {}\n }\n}\nproptest! {\n fn d(e in 0..1) {\n  f();\n }\n}";
        assert_eq!(function_lengths(text), [("b".into(), 3), ("c".into(), 1), ("d".into(), 3)]);
    }

    #[test]
    fn declarations_pointers_and_const_generics_are_not_bodies() {
        let text = "trait A { fn b(); }\ntype C = fn(u8) -> u8;\nfn d() -> E<{ 1 }> {\n f()\n}";
        assert_eq!(function_lengths(text), [("d".into(), 3)]);
    }

    #[test]
    fn a_file_that_is_not_rust_is_a_finding() {
        assert!(check(&measure(&file("fn (")))[0].message.contains("cannot be read as Rust"));
    }

    #[test]
    fn the_report_gives_median_and_p90() {
        let lengths: Vec<usize> = (1..=10).collect();
        assert_eq!((percentile(&lengths, 50), percentile(&lengths, 90), percentile(&[7], 90)), (5, 9, 7));
        let report = report(&measure(&file("fn a() {}")));
        assert_eq!(report.lines().next(), Some("files: 1, lines: median 1, p90 1, longest 1 (a.rs)"));
        assert_eq!(report.lines().last(), Some("functions: 1, lines: median 1, p90 1, longest 1 (a)"));
    }
}
