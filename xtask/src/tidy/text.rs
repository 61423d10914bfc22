//! What a file must open with, which words it must not hold, and how it must not be called.

use super::tokens::{self, Token};
use super::{Finding, SourceFile};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"];

/// First folders of paths that exist on one person's machine only.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "work"];

/// Macros that mark unfinished work; clippy warns of them too, but not inside other macros' arguments.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Token sequences that core must not contain; the last token matches by its beginning.
const IMPURE: &[(&[&str], &str)] = &[
    (&["Timestamp", "::", "now"], "take `now` as an argument"),
    (&["Zoned", "::", "now"], "take `now` as an argument"),
    (&["SystemTime"], "take `now` as an argument"),
    (&["Instant"], "take `now` as an argument"),
    (&["rand", "::"], "take the random value as an argument"),
    (&["Uuid", "::", "now"], "take the id as an argument"),
    (&["Uuid", "::", "new_v4"], "take the id as an argument"),
];

/// What is wrong with `file`.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(empty_name(file));
    findings.extend(machine_paths(file));
    if file.is_rust() {
        findings.extend(opening(file));
        // A file that is not Rust is reported with its size.
        let tokens = tokens::read(&file.text).unwrap_or_default();
        findings.extend(unfinished(file, &tokens));
        if file.path.starts_with("crates/leadgate-core/src/") {
            findings.extend(impure(file, &tokens));
        }
        if file.path.starts_with("libs/") {
            findings.extend(gateway_names(file, &tokens));
        }
    }
    findings
}

fn opening(file: &SourceFile) -> Option<Finding> {
    let opens = file.text.starts_with("//!");
    (!opens).then(|| Finding::new(&file.path, "does not open with `//!`: say what the file is for"))
}

fn empty_name(file: &SourceFile) -> Option<Finding> {
    let mut names = file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    let empty = names.find(|name| EMPTY_NAMES.contains(name))?;
    Some(Finding::new(&file.path, format!("`{empty}` says nothing: name it after what it holds")))
}

fn machine_paths(file: &SourceFile) -> Vec<Finding> {
    let numbered = file.text.lines().zip(1..);
    let found = numbered.filter_map(|(line, number)| {
        let folder = MACHINE_FOLDERS.iter().find(|folder| names_machine_folder(line, folder))?;
        let message = format!("holds a path under /{folder}, which exists on one machine only");
        Some(Finding::new(format!("{}:{number}", file.path), message))
    });
    found.collect()
}

/// Whether `line` has an absolute path into `folder`. In the middle of a longer path or of an address the name means something else.
fn names_machine_folder(line: &str, folder: &str) -> bool {
    let start = format!("/{folder}/");
    let mut matches = line.match_indices(&start);
    matches.any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || ".-_~}*$/".contains(before)))
}

fn unfinished(file: &SourceFile, tokens: &[Token]) -> Vec<Finding> {
    let calls = tokens.windows(2).filter(|pair| pair[1].text == "!" && UNFINISHED.contains(&pair[0].text.as_str()));
    let findings = calls
        .map(|pair| Finding::new(at(file, &pair[0]), format!("`{}!` marks unfinished work: finish it", pair[0].text)));
    findings.collect()
}

fn impure(file: &SourceFile, tokens: &[Token]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (pattern, instead) in IMPURE {
        for window in tokens.windows(pattern.len()).filter(|window| matches(pattern, window)) {
            let message = format!("core reads no clock and draws no random value (`{}`): {instead}", pattern.concat());
            findings.push(Finding::new(at(file, &window[0]), message));
        }
    }
    findings
}

/// The last token may go on (`now_v7`), unless the pattern is that one name.
fn matches(pattern: &[&str], window: &[Token]) -> bool {
    let (last, first) = pattern.split_last().expect("patterns are not empty");
    let (end, start) = window.split_last().expect("a window is as long as its pattern");
    let same_start = first.iter().zip(start).all(|(wanted, token)| token.text == *wanted);
    let same_end = if first.is_empty() { end.text == *last } else { end.text.starts_with(last) };
    same_start && same_end
}

/// The libraries are of use to people who do not run the gateway.
fn gateway_names(file: &SourceFile, tokens: &[Token]) -> Vec<Finding> {
    let named = tokens.iter().filter(|token| token.text.to_lowercase().contains("leadgate"));
    named
        .map(|token| Finding::new(at(file, token), "a library does not know the gateway: leave its name out"))
        .collect()
}

fn at(file: &SourceFile, token: &Token) -> String {
    format!("{}:{}", file.path, token.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&SourceFile { path: path.into(), text: text.into() }).iter().map(ToString::to_string).collect()
    }

    fn assert_found(path: &str, text: &str, expected: &str) {
        let messages = messages(path, text);
        assert!(messages.iter().any(|message| message.contains(expected)), "{expected:?} not in {messages:?}");
    }

    #[test]
    fn a_good_file_has_no_findings() {
        let text =
            "//! Leads.\n//! Not `todo!`, not Instant.\nfn a() { say(\"todo!()\"); let rand = Timestamp::new(); }\n";
        assert_eq!(messages("crates/leadgate-core/src/intake.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_file_must_open_with_its_purpose() {
        assert_found("a.rs", "// why\n", "a.rs: does not open with `//!`");
        assert_found("a.rs", "", "does not open");
        assert_eq!(messages("a.md", "text"), Vec::<String>::new());
    }

    #[test]
    fn empty_names_are_refused_for_files_and_folders() {
        assert_found("crates/a/src/utils.rs", "//! A.", "`utils` says nothing");
        assert_found("crates/a/tests/common/mod.rs", "//! A.", "`common` says nothing");
        assert_eq!(messages("crates/a/src/commonly.rs", "//! A."), Vec::<String>::new());
    }

    #[test]
    fn machine_paths_are_refused_in_every_kind_of_file() {
        let home = ["/home", "/ann/x"].concat();
        assert_found("a.md", &format!("one\nsee {home}"), "a.md:2: holds a path under /home");
        assert_found("a.rs", &format!("//! A.\nconst B: &str = \"{home}\";"), "a.rs:2");
        assert_eq!(messages("a.md", &format!("https://example.org{home} and docs{home}")), Vec::<String>::new());
    }

    #[test]
    fn unfinished_work_is_refused_even_inside_macros() {
        assert_found("a.rs", "//! A.\nfn a() {\n todo!()\n}", "a.rs:3: `todo!`");
        assert_found("a.rs", "//! A.\nselect! { _ = b => unimplemented!() }", "a.rs:2: `unimplemented!`");
        assert_found("a.rs", "//! A.\nfn a() { dbg!(1); }", "`dbg!`");
    }

    #[test]
    fn core_has_neither_clock_nor_randomness() {
        let samples = [
            "Timestamp::now()",
            "jiff::Zoned::now()",
            "SystemTime::now()",
            "use std::time::Instant;",
            "rand::rng()",
            "Uuid::now_v7()",
        ];
        for sample in samples {
            assert_found("crates/leadgate-core/src/a.rs", &format!("//! A.\n{sample}"), "a.rs:2: core reads no clock");
            assert_eq!(messages("crates/leadgate-engine/src/a.rs", &format!("//! A.\n{sample}")), Vec::<String>::new());
        }
    }

    #[test]
    fn a_library_does_not_name_the_gateway() {
        assert_found(
            "libs/freshsales/src/a.rs",
            "//! A.\nuse leadgate_core::B;",
            "a library does not know the gateway",
        );
        assert_found("libs/freshsales/src/a.rs", "//! A.\n\nconst A: &str = \"Leadgate/1\";", "a.rs:3");
    }
}
