//! What apps send, and what must be in the account in the end: drawn from a seed.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// Repeats are drawn from so many of the latest, so that they often meet what they repeat.
const LATEST: usize = 64;
const COMPANIES: usize = 40;

/// One submission as a client sends it, the same bytes until it is acknowledged.
#[derive(Clone)]
pub(super) struct Submission {
    /// Whom it is about: lower-case e-mail or E.164 phone.
    pub(super) person: String,
    pub(super) body: String,
    /// Its idempotency key.
    pub(super) key: Option<String>,
    /// Whether the client waits for the end or only for the acknowledgement.
    pub(super) waits: bool,
}

/// A person who must be in the account.
#[derive(Default)]
pub(super) struct Person {
    /// In the order in which they were drawn.
    pub(super) notes: Vec<String>,
    pub(super) company: Option<String>,
    /// What they work as, if what is said of them lands in the order in which it was drawn.
    pub(super) job_title: Option<String>,
}

/// All submissions, and what they must come to.
#[derive(Default)]
pub(super) struct Workload {
    pub(super) submissions: Vec<Submission>,
    /// By lower-case e-mail or E.164 phone.
    pub(super) people: BTreeMap<String, Person>,
    pub(super) companies: BTreeSet<String>,
}

impl Workload {
    pub(super) fn draw(seed: u64, submissions: usize) -> Workload {
        let random = SmallRng::seed_from_u64(seed);
        let waiting = submissions / 2;
        let mut drawing =
            Drawing { random, waiting, workload: Workload::default(), emails: Vec::new(), phones: Vec::new() };
        while drawing.workload.submissions.len() < submissions {
            drawing.draw_one();
        }
        drawing.workload
    }

    /// The places of the submissions of each person, in the order in which they were drawn.
    pub(super) fn by_person(&self) -> Vec<Vec<usize>> {
        let mut chains: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, submission) in self.submissions.iter().enumerate() {
            chains.entry(&submission.person).or_default().push(place);
        }
        let mut chains: Vec<Vec<usize>> = chains.into_values().collect();
        chains.sort_unstable();
        chains
    }
}

struct Drawing {
    random: SmallRng,
    /// Of so many, some are waited for; the rest is handed over faster than it is worked off.
    waiting: usize,
    workload: Workload,
    emails: Vec<String>,
    phones: Vec<String>,
}

impl Drawing {
    fn draw_one(&mut self) {
        match self.random.random_range(0..100) {
            0..12 => self.repeat(),
            12..24 => self.known_email_in_another_case(),
            24..34 => self.known_phone_in_another_spelling(),
            34..46 => self.new_person_with_phone(),
            _ => self.new_person_with_email(),
        }
    }

    /// The same bytes again: with the same key, or without one.
    fn repeat(&mut self) {
        let Some(mut again) = self.one_of_latest(&self.workload.submissions.clone()) else { return };
        again.waits = self.is_waited_for();
        self.workload.submissions.push(again);
    }

    fn known_email_in_another_case(&mut self) {
        let Some(email) = self.one_of_latest(&self.emails.clone()) else { return };
        let typed: String = email
            .chars()
            .map(|letter| if self.random.random() { letter.to_ascii_uppercase() } else { letter })
            .collect();
        let title = format!("Engineer {}", self.workload.submissions.len());
        let overwrite = self.random.random_ratio(1, 2);
        let known = &mut self.workload.people.entry(email.clone()).or_default().job_title;
        if overwrite || known.is_none() {
            *known = Some(title.clone());
        }
        self.send(&email, json!({ "email": typed, "job_title": title, "overwrite": overwrite }));
    }

    fn known_phone_in_another_spelling(&mut self) {
        let Some(phone) = self.one_of_latest(&self.phones.clone()) else { return };
        let (prefix, rest) = phone.split_at("+4930".len());
        let (left, right) = rest.split_at(3);
        let typed = match self.random.random_range(0..3) {
            0 => format!("{prefix} {left} {right}"),
            1 => format!("+49 (30) {left}-{right}"),
            _ => format!("+49-30-{left}.{right}"),
        };
        self.send(&phone, json!({ "phone": typed, "last_name": "Again" }));
    }

    fn new_person_with_phone(&mut self) {
        let number = 9_000_000 + self.phones.len();
        let phone = format!("+4930{number}");
        self.phones.push(phone.clone());
        self.send(&phone, json!({ "phone": phone, "last_name": format!("Caller {number}") }));
    }

    fn new_person_with_email(&mut self) {
        let number = self.emails.len();
        let email = format!("person{number}@example.com");
        self.emails.push(email.clone());
        let mut body = json!({ "email": email, "first_name": "Person", "last_name": format!("Number {number}") });
        if self.random.random_ratio(1, 5) {
            let company = format!("Company {}", self.random.random_range(0..COMPANIES));
            body["company"] = json!(company);
            self.workload.companies.insert(company.clone());
            self.workload.people.entry(email.clone()).or_default().company = Some(company);
        }
        self.send(&email, body);
    }

    fn send(&mut self, person: &str, mut body: Value) {
        let number = self.workload.submissions.len();
        let expected = self.workload.people.entry(person.to_owned()).or_default();
        if self.random.random_ratio(1, 3) {
            let note = format!("Note {number}: wants a demo");
            body["note"] = json!(note);
            expected.notes.push(note);
        }
        let key = self.random.random_ratio(1, 2).then(|| format!("key-{number}"));
        let waits = self.is_waited_for();
        let (person, body) = (person.to_owned(), body.to_string());
        self.workload.submissions.push(Submission { person, body, key, waits });
    }

    fn is_waited_for(&mut self) -> bool {
        self.random.random_ratio(1, 4) && self.workload.submissions.len() < self.waiting
    }

    fn one_of_latest<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let latest = &all[all.len().saturating_sub(LATEST)..];
        (!latest.is_empty()).then(|| latest[self.random.random_range(0..latest.len())].clone())
    }
}
