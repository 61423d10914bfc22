//! `docs/doctor.md` says what the binary says: its generated parts are compared with the table of codes and with what the real binary prints in
//! each state. `UPDATE_DOCS=1` writes them anew.

use std::path::PathBuf;

use leadgate_core::doctor::codes::{ALL, Code};

use super::Patient;
use super::states::{STATES, State};

#[test]
fn the_document_is_what_the_binary_says() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let transcripts: Vec<String> = STATES.iter().map(transcript).collect();
    let current = with_part(&written, "codes", &table());
    let current = with_part(&current, "transcripts", &transcripts.join("\n"));
    if wants_update() {
        std::fs::write(&path, current).unwrap();
        return;
    }
    let first = current.lines().zip(written.lines()).find(|(current, written)| current != written);
    assert!(current == written, "docs/doctor.md has drifted at {first:#?}; UPDATE_DOCS=1 writes it anew");
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
fn wants_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// The text with another part between its two markers.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = text.split_once(&begin).expect("the beginning of the part is marked");
    let (_, after) = rest.split_once(&end).expect("the end of the part is marked");
    format!("{before}{begin}{part}{end}{after}")
}

fn table() -> String {
    let cell = |text: &str| if text.is_empty() { "–".to_owned() } else { text.replace('|', "\\|") };
    let row = |code: &Code| {
        let mend =
            [code.cause, code.mend].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" ");
        format!("| `{}` | {} | {} | {} |\n", code.name, code.status.name(), cell(code.meaning), cell(&mend))
    };
    let rows: String = ALL.iter().map(row).collect();
    format!("| code | status | meaning | cause and mend |\n|---|---|---|---|\n{rows}")
}

fn transcript(state: &State) -> String {
    let mut patient = Patient::new();
    let running = (state.bring_about)(&mut patient);
    let ended = patient.doctor();
    assert_eq!(ended.err, "", "{}", state.title);
    let command = ["leadgate", "doctor"].iter().chain(&patient.arguments).copied().collect::<Vec<_>>().join(" ");
    let addresses: Vec<String> = running.iter().map(|process| process.text("url")).collect();
    let said = normalised(&ended.out, &patient, &addresses);
    format!("### {}\n\n```text\n$ {command}\n{said}\n[exit {}]\n```\n", state.title, ended.code)
}

/// What differs from run to run, made equal.
fn normalised(out: &str, patient: &Patient, running: &[String]) -> String {
    let mut text = out.trim_end().replace(&patient.sandbox.addr().port().to_string(), "8401");
    for (at, url) in running.iter().enumerate() {
        let port = url.rsplit(':').next().unwrap_or_default();
        text = text.replace(&format!(":{port}"), &format!(":{}", 3000 + at));
    }
    if !patient.variables.iter().any(|(name, _)| *name == "PATH") {
        // The machine's own `df` tells it.
        text = with_number(&text, ("", " MiB are free"), "20480");
    }
    for (before, after, instead) in [
        ("was on the disk after ", " ms", "1.2"),
        ("was found after ", " s", "0.1"),
        ("within ", " s, though", "0.0"),
        ("clock is ", " s ahead", "600"),
        ("begins in ", " min", "30"),
        ("contact ", "\n", "70000001001"),
    ] {
        text = with_number(&text, (before, after), instead);
    }
    text
}

/// The number between two texts, wherever it stands, replaced.
fn with_number(text: &str, (before, after): (&str, &str), instead: &str) -> String {
    let is_part = |sign: char| sign.is_ascii_digit() || sign == '.';
    let mut pieces = text.split(after).map(str::to_owned).collect::<Vec<_>>();
    let last = pieces.len() - 1;
    for piece in &mut pieces[..last] {
        let stem = piece.trim_end_matches(is_part);
        if stem.len() < piece.len() && stem.ends_with(before) {
            *piece = format!("{stem}{instead}");
        }
    }
    pieces.join(after)
}
