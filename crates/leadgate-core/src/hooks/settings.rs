//! The section `[notifications]` of the rules file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::mirror::watch::Pace;
use crate::record::RecordKind;
use crate::rules::Compiling;

/// Secrets that count at the same time: the present one, and the one before or after it while the CRM's workflows are changed.
const MOST_SECRETS: usize = 2;
/// A secret that is shorter can be guessed.
const SHORTEST_SECRET: usize = 16;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookFile {
    #[serde(default)]
    secrets: Vec<String>,
    time_zone: Option<String>,
    watch: Option<Vec<RecordKind>>,
    every: Option<SignedDuration>,
    grace: Option<SignedDuration>,
    overlap: Option<SignedDuration>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    mappings: BTreeMap<String, MappingFile>,
}

/// A mapping as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    kind: RecordKind,
    id: String,
    updated_at: Option<String>,
    created_at: Option<String>,
    event: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// Which notifications are taken and how they are read.
#[derive(Clone)]
pub struct HookRules {
    /// SHA-256 of each live secret. Without any, no notification is taken.
    pub secrets: Vec<[u8; 32]>,
    /// The account's time zone: times in notifications have none.
    pub time_zone: TimeZone,
    /// The kinds of record that are looked at, to find what no notification told.
    pub watch: BTreeSet<RecordKind>,
    /// How often, and how far.
    pub pace: Pace,
    /// Fields that nobody wants to hear of, beside those that change by themselves.
    pub ignore: BTreeSet<String>,
    /// How bodies are read that come to `/freshsales/webhook/{name}`.
    pub mappings: BTreeMap<String, Mapping>,
}

/// Where things stand in a body of an admin's own making, as JSON pointers.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// What kind of record it is about.
    pub kind: RecordKind,
    /// Where its id stands.
    pub id: String,
    /// Where the time of its last change stands.
    pub updated_at: Option<String>,
    /// Where the time stands when it was made.
    pub created_at: Option<String>,
    /// Where the event's name stands.
    pub event: Option<String>,
    /// Where the value of each field stands.
    pub fields: BTreeMap<String, String>,
}

/// Secrets are kept as digests only, but even those are nobody's business.
impl std::fmt::Debug for HookRules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("HookRules")
            .field("secrets", &self.secrets.len())
            .field("watch", &self.watch)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl Default for HookRules {
    fn default() -> HookRules {
        HookRules {
            secrets: Vec::new(),
            time_zone: TimeZone::UTC,
            watch: BTreeSet::new(),
            pace: Pace {
                every: SignedDuration::from_mins(5),
                grace: SignedDuration::from_mins(1),
                overlap: SignedDuration::from_mins(2),
            },
            ignore: BTreeSet::new(),
            mappings: BTreeMap::new(),
        }
    }
}

impl HookRules {
    /// `named` are the kinds whose changes the playbook answers to. Where notifications are taken, these are looked at too, unless the section says
    /// which are.
    pub(crate) fn compile(file: HookFile, named: BTreeSet<RecordKind>, compiling: &mut Compiling<'_>) -> HookRules {
        let usual = HookRules::default();
        let pace = Pace {
            every: file.every.unwrap_or(usual.pace.every),
            grace: file.grace.unwrap_or(usual.pace.grace),
            overlap: file.overlap.unwrap_or(usual.pace.overlap),
        };
        check_pace(&pace, compiling);
        let secrets = secrets(file.secrets, compiling);
        let unsaid = || if secrets.is_empty() { BTreeSet::new() } else { named };
        HookRules {
            watch: file.watch.map_or_else(unsaid, |kinds| kinds.into_iter().collect()),
            secrets,
            time_zone: file.time_zone.map_or(TimeZone::UTC, |name| time_zone(&name, compiling)),
            pace,
            ignore: file.ignore.into_iter().collect(),
            mappings: file.mappings.into_iter().map(|(name, file)| mapping(name, file, compiling)).collect(),
        }
    }

    /// Whether anything of the mirror is in use.
    pub fn is_on(&self) -> bool {
        !self.secrets.is_empty() || !self.watch.is_empty()
    }
}

fn check_pace(pace: &Pace, compiling: &mut Compiling<'_>) {
    if pace.every < SignedDuration::from_secs(1) {
        compiling.problem("notifications.every", "is shorter than a second; each look costs requests, 5m is usual");
    }
    for (name, span) in [("grace", pace.grace), ("overlap", pace.overlap)] {
        if span.is_negative() {
            compiling.problem(&format!("notifications.{name}"), "is negative; give a span of time such as 1m");
        }
    }
}

fn secrets(written: Vec<String>, compiling: &mut Compiling<'_>) -> Vec<[u8; 32]> {
    if written.len() > MOST_SECRETS {
        compiling.problem("notifications.secrets", "has more than two; keep the present one and the one it replaces");
    }
    let mut digests = Vec::new();
    for (index, secret) in written.into_iter().enumerate() {
        let place = format!("notifications.secrets[{index}]");
        let problems = compiling.count();
        let secret = compiling.text(&place, secret);
        if compiling.count() == problems && secret.trim().len() < SHORTEST_SECRET {
            compiling.problem(&place, format_args!("is shorter than {SHORTEST_SECRET} characters; make a random one"));
        }
        digests.push(Sha256::digest(secret.trim().as_bytes()).into());
    }
    digests
}

fn time_zone(name: &str, compiling: &mut Compiling<'_>) -> TimeZone {
    DateTimeParser::new().parse_time_zone(name).unwrap_or_else(|_| {
        compiling.problem(
            "notifications.time_zone",
            "is no time zone of this machine; write one such as Europe/Oslo, +02:00, or CET-1CEST,M3.5.0,M10.5.0/3",
        );
        TimeZone::UTC
    })
}

fn mapping(name: String, file: MappingFile, compiling: &mut Compiling<'_>) -> (String, Mapping) {
    let MappingFile { kind, id, updated_at, created_at, event, fields } = file;
    let pointers = [Some(&id), updated_at.as_ref(), created_at.as_ref(), event.as_ref()];
    for pointer in pointers.into_iter().flatten().chain(fields.values()) {
        if !pointer.starts_with('/') {
            let place = format!("notifications.mappings.{name}");
            compiling.problem(&place, format_args!("{pointer} is no JSON pointer; write one such as /deal/id"));
        }
    }
    (name, Mapping { kind, id, updated_at, created_at, event, fields })
}
