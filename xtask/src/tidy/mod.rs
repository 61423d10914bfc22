//! The house rules that neither the compiler nor clippy checks.
//!
//! Cast: [`dependencies`] says which crate may lean on which; [`sizes`] says how long a file and a function may be; [`text`] says what a
//! file must open with, which words it must not hold and how it must not be called. [`tokens`] reads Rust for the last two.
//!
//! Flow: read `cargo metadata` and the text files of the workspace once, hand both to the rules, which are pure and answer with
//! [`Finding`]s, print the findings and the size report. Any finding fails the command.

mod dependencies;
mod sizes;
mod text;
mod tokens;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

/// Folders that hold nothing written by hand.
const SKIPPED_FOLDERS: &[&str] =
    &[".git", "target", "node_modules", "leadgate-data", "__pycache__", "corpus", "artifacts"];

/// Kinds of file the text rules look into.
const TEXT_EXTENSIONS: &[&str] = &["rs", "toml", "md", "sql", "html", "css", "js", "json", "sh", "yml", "yaml"];

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// A crate, a file, or a file with a line.
    place: String,
    /// What is wrong and what to do about it.
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

/// A text file of the workspace.
pub(crate) struct SourceFile {
    /// From the workspace's root, with forward slashes.
    path: String,
    text: String,
}

impl SourceFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Checks the workspace at `root` and prints the outcome.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let findings = check(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: every rule holds"),
        count => println!("tidy: {count} broken"),
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let files = read_files(root)?;
    let measured = sizes::measure(&files);
    println!("{}", sizes::report(&measured));

    let mut findings = dependencies::check(&dependencies::read(root)?);
    findings.extend(sizes::check(&measured));
    findings.extend(files.iter().flat_map(text::check));
    Ok(findings)
}

fn read_files(root: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut paths = Vec::new();
    collect_paths(root, &mut paths)?;
    paths.sort();
    paths.iter().map(|path| read_file(root, path)).collect()
}

fn collect_paths(folder: &Path, into: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && !SKIPPED_FOLDERS.iter().any(|skipped| entry.file_name() == *skipped) {
            collect_paths(&path, into)?;
        } else if kind.is_file() && is_text(&path) {
            into.push(path);
        }
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| TEXT_EXTENSIONS.contains(&extension))
}

fn read_file(root: &Path, path: &Path) -> anyhow::Result<SourceFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(SourceFile { path: parts.join("/"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_into_folders_but_not_into_build_output() {
        let files = read_files(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert!(paths.contains(&"src/tidy/mod.rs"), "{paths:?}");
        assert!(paths.contains(&"Cargo.toml"), "{paths:?}");

        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let files = read_files(root).unwrap();
        assert!(files.iter().all(|file| !file.path.starts_with("target/") && !file.path.contains("node_modules/")));
    }
}
