//! A file and what each of its rows is to become.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use leadgate_core::identity::{IdentityKey, Phone};
use leadgate_core::import::{DuplicateRule, Duplicates, Mapping, Place, RowRules, Sample, lead_of, merge, read_row};
use leadgate_core::intake::{Lead, ReadingRules};
use leadgate_core::pack::CROWD;
use leadgate_warehouse::sources::{Source, SourceRow};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::exit::{Exit, Failure};

/// Rows by which columns are guessed.
const SAMPLED: usize = 200;
/// Mistakes that are told one by one.
const TOLD: usize = 20;

/// What was asked for.
pub(super) struct Options {
    pub(super) path: PathBuf,
    pub(super) sheet: Option<String>,
    pub(super) said: Vec<String>,
    pub(super) rules: RowRules,
    /// The ids of everybody are asked for, however many they are.
    pub(super) ids: bool,
    pub(super) duplicates: DuplicateRule,
    pub(super) reading: ReadingRules,
}

/// How many rows are what.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) refused: u64,
    pub(super) duplicates: u64,
    /// Rows that have no address, only a phone number.
    pub(super) without_email: u64,
    /// The first mistakes, each with its row.
    pub(super) problems: Vec<(u64, String)>,
}

/// A file whose rows were all looked at.
pub(super) struct Prepared {
    pub(super) options: Options,
    pub(super) source: Source,
    pub(super) mapping: Mapping,
    pub(super) samples: Vec<Sample>,
    pub(super) tally: Tally,
    pub(super) digest: String,
    /// Of each row that is not sent, the row that speaks for its person.
    pub(super) spoken_for: HashMap<u64, u64>,
    /// Leads that are more than their own row says.
    merged: HashMap<u64, Map<String, Value>>,
}

/// What a row is to become.
pub(super) enum Made {
    Lead(Map<String, Value>),
    Refused(String),
    DuplicateOf(u64),
}

impl Prepared {
    /// Looks at every row of a file.
    pub(super) fn of(options: Options) -> Result<Prepared, Failure> {
        let source = Source::open(&options.path, options.sheet.as_deref()).map_err(unreadable)?;
        let samples = samples(&source)?;
        let mapping = Mapping::of(&samples, &options.said).map_err(|error| Failure::new(Exit::Refused, error))?;
        let digest = digest(&options, &mapping)?;
        let mut prepared = Prepared {
            options,
            source,
            mapping,
            samples,
            digest,
            tally: Tally::default(),
            spoken_for: HashMap::new(),
            merged: HashMap::new(),
        };
        prepared.count()?;
        let tally = &prepared.tally;
        let people = tally.rows.saturating_sub(tally.refused + tally.duplicates);
        prepared.options.rules.without_ids = !prepared.options.ids && people >= u64::from(CROWD);
        prepared.join()?;
        Ok(prepared)
    }

    /// Tells each row and what it becomes, in order, until `visit` answers `false`.
    pub(super) fn each(&self, visit: &mut dyn FnMut(u64, Made) -> bool) -> Result<(), Failure> {
        let read = self.source.each_row(&mut |row| {
            let made = match (self.spoken_for.get(&row.number), self.merged.get(&row.number)) {
                (Some(speaker), _) => Made::DuplicateOf(*speaker),
                (None, Some(merged)) => Made::Lead(merged.clone()),
                (None, None) => match self.lead(&row) {
                    Ok((lead, _)) => Made::Lead(lead),
                    Err(problem) => Made::Refused(problem),
                },
            };
            visit(row.number, made)
        });
        read.map_err(unreadable)
    }

    /// The lead of a row alone, as it is sent and as it is read.
    fn lead(&self, row: &SourceRow) -> Result<(Map<String, Value>, Lead), String> {
        if let Some(problem) = &row.problem {
            return Err(problem.clone());
        }
        let body = lead_of(&self.mapping, &row.cells, &self.options.rules);
        let lead = read_row(&body, &self.options.reading).map_err(|error| error.to_string())?;
        Ok((body, lead))
    }

    fn count(&mut self) -> Result<(), Failure> {
        let (mut tally, mut repeats) = (Tally::default(), HashMap::new());
        let mut seen = Duplicates::default();
        let region = self.options.reading.phone_region.as_deref();
        let read = self.source.each_row(&mut |row| {
            tally.rows += 1;
            match self.lead(&row) {
                Err(problem) => {
                    tally.refused += 1;
                    if tally.problems.len() < TOLD {
                        tally.problems.push((row.number, problem));
                    }
                }
                Ok((_, lead)) => {
                    tally.without_email += u64::from(lead.email.is_none());
                    let email = lead.email.as_ref().map(IdentityKey::of_email);
                    let phone =
                        lead.phone.as_deref().and_then(|typed| IdentityKey::of_phone(&Phone::parse(typed, region)));
                    if let Place::Repeats(first) = seen.place(row.number, email.as_ref(), phone.as_ref()) {
                        tally.duplicates += 1;
                        repeats.insert(row.number, first);
                    }
                }
            }
            true
        });
        read.map_err(unreadable)?;
        (self.tally, self.spoken_for) = (tally, repeats);
        Ok(())
    }

    /// Makes one lead of the rows of the same person.
    fn join(&mut self) -> Result<(), Failure> {
        if self.spoken_for.is_empty() {
            return Ok(());
        }
        match self.options.duplicates {
            DuplicateRule::First | DuplicateRule::Error => {}
            DuplicateRule::Last => self.let_the_last_speak(),
            DuplicateRule::Merge => self.merged = self.joined()?,
        }
        Ok(())
    }

    fn let_the_last_speak(&mut self) {
        let mut last: HashMap<u64, u64> = HashMap::new();
        for (row, first) in &self.spoken_for {
            let held = last.entry(*first).or_insert(*row);
            *held = (*held).max(*row);
        }
        let rows =
            self.spoken_for.iter().map(|(row, first)| (*row, *first)).chain(last.keys().map(|first| (*first, *first)));
        self.spoken_for =
            rows.map(|(row, first)| (row, last[&first])).filter(|(row, speaker)| row != speaker).collect();
    }

    fn joined(&self) -> Result<HashMap<u64, Map<String, Value>>, Failure> {
        let mut merged: HashMap<u64, Map<String, Value>> =
            self.spoken_for.values().map(|first| (*first, Map::new())).collect();
        let read = self.source.each_row(&mut |row| {
            let first = self.spoken_for.get(&row.number).copied().unwrap_or(row.number);
            if let Some(held) = merged.get_mut(&first)
                && let Ok((lead, _)) = self.lead(&row)
            {
                merge(held, &lead);
            }
            true
        });
        read.map_err(unreadable)?;
        Ok(merged)
    }
}

fn unreadable(error: leadgate_warehouse::sources::SourceError) -> Failure {
    let error = match std::error::Error::source(&error) {
        Some(source) => anyhow!("{error}: {source}"),
        None => anyhow!("{error}"),
    };
    Failure::new(Exit::Refused, error)
}

fn samples(source: &Source) -> Result<Vec<Sample>, Failure> {
    let blank = |header: &String| Sample { header: header.clone(), values: Vec::new() };
    let mut samples: Vec<Sample> = source.columns().iter().map(blank).collect();
    let mut rows = 0;
    let read = source.each_row(&mut |row| {
        for (sample, cell) in samples.iter_mut().zip(&row.cells) {
            if !cell.is_blank() {
                sample.values.push(cell.as_str().to_owned());
            }
        }
        rows += 1;
        rows < SAMPLED
    });
    read.map_err(unreadable)?;
    Ok(samples)
}

/// What a file, its mapping and what is asked for besides are recognised by.
fn digest(options: &Options, mapping: &Mapping) -> Result<String, Failure> {
    let failed = || format!("reading {} failed", options.path.display());
    let mut file = std::fs::File::open(&options.path).with_context(failed)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut buffer).with_context(failed)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    let rules = &options.rules;
    let duplicates = format!("{:?}", options.duplicates);
    let said = json!([mapping.to_json(), rules.overwrite, rules.tags, rules.source, duplicates, options.sheet]);
    hasher.update(said.to_string());
    let mut text = String::new();
    for byte in &hasher.finalize()[..16] {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
