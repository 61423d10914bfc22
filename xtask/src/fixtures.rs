//! `cargo xtask fixtures`: counts the example replies of `fixtures/freshsales` that the client reads and writes back without losing a field, and
//! those that the sandbox answers with the same status, keys and types.
//!
//! Nothing is compared here: the tests of both crates do that and write down what became of each example. This command runs them, sets their
//! outcomes beside the examples, and fails where one was compared by neither.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::process::{cargo, run as run_program};

/// The tests that compare, as `cargo nextest` selects them.
const COMPARING: &str =
    "(package(freshsales) & test(every_example)) | (package(freshsales-sandbox) & test(fixtures::))";

/// What a test writes of an example that stood the comparison; anything else is the reason why it was not compared.
const SAME: &str = "same";

/// An example, by file and name.
type Name = (String, String);

/// What became of each example.
type Outcomes = BTreeMap<Name, String>;

/// Runs the comparing tests and prints what they did.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let folder = root.join("target/fixtures-count");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let arguments = ["nextest", "run", "-p", "freshsales", "-p", "freshsales-sandbox", "-E", COMPARING];
    run_program(cargo(&arguments).env("FIXTURES_COUNT", &folder))?;
    let (client, sandbox) = outcomes(&folder)?;
    let count = Count { examples: examples(root)?, client, sandbox };
    println!("{}", count.table());
    let missing = count.missing();
    ensure!(missing.is_empty(), "no test compares these examples:\n{}", missing.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// The examples with a request, in the order of the files' names. Others show what the CRM sends by itself.
fn examples(root: &Path) -> anyhow::Result<Vec<Name>> {
    let folder = std::fs::read_dir(root.join("fixtures/freshsales")).context("could not list fixtures/freshsales")?;
    let mut files: Vec<_> = folder.map(|file| Ok(file?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    let mut names = Vec::new();
    for path in files {
        let text = std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        let file: Value = serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let asked = file["examples"].as_array().into_iter().flatten().filter(|item| item["request"].is_object());
        names.extend(asked.map(|item| (stem.clone(), item["name"].as_str().unwrap_or_default().to_owned())));
    }
    Ok(names)
}

/// What the tests of the client and of the sandbox wrote down.
fn outcomes(folder: &Path) -> anyhow::Result<(Outcomes, Outcomes)> {
    let (mut client, mut sandbox) = (Outcomes::new(), Outcomes::new());
    for file in std::fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))? {
        let path = file?.path();
        let text = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let of = if path.ends_with("client") { &mut client } else { &mut sandbox };
        of.extend(text.lines().filter_map(outcome));
    }
    Ok((client, sandbox))
}

fn outcome(line: &str) -> Option<(Name, String)> {
    let mut parts = line.split('\t').map(str::to_owned);
    Some(((parts.next()?, parts.next()?), parts.next()?))
}

struct Count {
    examples: Vec<Name>,
    client: Outcomes,
    sandbox: Outcomes,
}

impl Count {
    /// Examples that a side did not compare, and gave no reason for.
    fn missing(&self) -> Vec<String> {
        let sides = [("client", &self.client), ("sandbox", &self.sandbox)];
        let of_side = |(side, outcomes): (&str, &Outcomes)| -> Vec<String> {
            let missing = self.examples.iter().filter(|example| !outcomes.contains_key(*example));
            missing.map(|(file, name)| format!("{file}.json: {name} ({side})")).collect()
        };
        sides.into_iter().flat_map(of_side).collect()
    }

    fn table(&self) -> String {
        let mut text =
            format!("{:<20}{:>9}{:>13}{:>14}\n", "fixtures/freshsales", "replies", "written back", "same replies");
        let files: BTreeSet<&str> = self.examples.iter().map(|(file, _)| file.as_str()).collect();
        for file in files {
            self.line(&mut text, file, |(of, _)| of == file);
        }
        self.line(&mut text, "all", |_| true);
        reasons(&mut text, "the client writes nothing back", &self.client);
        reasons(&mut text, "the sandbox answers otherwise", &self.sandbox);
        text
    }

    fn line(&self, text: &mut String, title: &str, is_meant: impl Fn(&Name) -> bool) {
        let meant: Vec<&Name> = self.examples.iter().filter(|example| is_meant(example)).collect();
        let same = |outcomes: &Outcomes| {
            meant.iter().filter(|example| outcomes.get(**example).is_some_and(|outcome| outcome == SAME)).count()
        };
        let (client, sandbox) = (same(&self.client), same(&self.sandbox));
        let _infallible = writeln!(text, "{title:<20}{:>9}{client:>13}{sandbox:>14}", meant.len());
    }
}

/// Examples that were not compared, by the reason.
fn reasons(text: &mut String, title: &str, outcomes: &Outcomes) {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((file, name), reason) in outcomes.iter().filter(|(_, outcome)| *outcome != SAME) {
        by_reason.entry(reason).or_default().push(format!("{file}: {name}"));
    }
    let _infallible = writeln!(text, "\n{title}:");
    for (reason, names) in by_reason {
        let _infallible = writeln!(text, "* {} {reason}: {}", names.len(), names.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        ("note".to_owned(), name.to_owned())
    }

    fn count() -> Count {
        let outcomes = |lines: &str| lines.lines().filter_map(outcome).collect();
        Count {
            examples: vec![name("create"), name("delete"), name("update")],
            client: outcomes("note\tcreate\tsame\nnote\tdelete\tconfirms\nnote\tupdate\tsame\n"),
            sandbox: outcomes("note\tcreate\tsame\nnote\tdelete\tsame\n"),
        }
    }

    #[test]
    fn what_was_compared_is_counted() {
        let table = count().table();
        let all = table.lines().find(|line| line.starts_with("all")).unwrap();
        assert_eq!(all.split_whitespace().collect::<Vec<_>>(), ["all", "3", "2", "2"]);
        assert!(table.contains("* 1 confirms: note: delete"), "{table}");
    }

    #[test]
    fn what_was_not_compared_is_named() {
        assert_eq!(count().missing(), ["note.json: update (sandbox)"]);
    }
}
