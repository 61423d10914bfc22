//! A post read as a lead, as the rules file says.

use serde_json::Value;

use super::post::FormPost;
use super::source::captured;
use super::target::Target;
use super::{Form, Hidden};
use crate::identity::{Email, Phone};
use crate::intake::text::Checked;
use crate::intake::{Company, IntakeError, Lead, Problem, ReadingRules, Submission, from_json};
use crate::record::field;
use crate::submission::RawSubmission;

/// What a page's texts become before they are a lead.
#[derive(Default)]
struct Draft {
    lead: Lead,
    company: Company,
    /// The parts of the note, each with the page's name for it.
    note: Vec<(String, String)>,
}

/// Reads a stored post.
///
/// # Errors
/// [`IntakeError`] with every problem, by the page's names.
pub(crate) fn read(raw: &RawSubmission, rules: &ReadingRules) -> Result<Submission, IntakeError> {
    let name = raw.label.as_deref().unwrap_or_default();
    let form = rules.rules.forms.get(name).ok_or_else(|| {
        let message = format!("the form \"{name}\" is no longer in the rules file; add it, and release the submission");
        IntakeError::Malformed(Problem::new("", message))
    })?;
    lead(form, &from_json(&raw.body)?, rules).map(|lead| Submission::Lead(Box::new(lead)))
}

fn lead(form: &Form, post: &FormPost, rules: &ReadingRules) -> Result<Lead, IntakeError> {
    let mut checked = Checked::default();
    let mut draft = Draft::default();
    let captured = captured(post);
    for (name, target) in &form.fields {
        let text = joined(post, name).or_else(|| found(&captured, name));
        if text.is_none() && form.require.contains(name) {
            checked.problem(name, "is required");
        }
        if let Some(text) = text {
            draft.set(&mut checked, (name, target), text);
        }
    }
    check_identity(&mut checked, form, &draft.lead, rules);
    let mut lead = draft.finish(form, &captured);
    lead.set_by_operator(&form.hidden, &captured);
    checked.finish(lead)
}

/// Every text under a name: boxes that are ticked have one name in common.
fn joined(post: &FormPost, name: &str) -> Option<String> {
    let texts = post.fields.iter().filter(|(field, _)| field == name).map(|(_, text)| text.trim());
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn found(captured: &[(&'static str, String)], name: &str) -> Option<String> {
    captured.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone())
}

/// Somebody is recognised by an e-mail address or, without one, by a phone number that is understood.
fn check_identity(checked: &mut Checked, form: &Form, lead: &Lead, rules: &ReadingRules) {
    if lead.email.is_some() || !checked.is_right() {
        return;
    }
    let named = |target: &Target| form.fields.iter().find(|(_, known)| known == target).map(|(name, _)| name.as_str());
    let (email, phone) = (named(&Target::Email), named(&Target::Phone));
    match (&lead.phone, email, phone) {
        (None, Some(email), Some(phone)) => checked.problem(email, format!("or {phone} is required")),
        (None, Some(name), None) | (None, None, Some(name)) => checked.problem(name, "is required"),
        (Some(typed), _, Some(phone)) if Phone::parse(typed, rules.phone_region.as_deref()).e164().is_none() => {
            checked.problem(phone, "could not be understood; write it with its country code, such as +49 30 901820");
        }
        _ => {}
    }
}

impl Draft {
    fn set(&mut self, checked: &mut Checked, (name, target): (&str, &Target), text: String) {
        let lead = &mut self.lead;
        match target {
            Target::Note => self.note.extend(lines(checked, name, text).map(|text| (name.to_owned(), text))),
            Target::Custom(custom) => {
                let text = lines(checked, name, text);
                lead.custom.extend(text.map(|text| (custom.clone(), Value::from(text))));
            }
            Target::Employees => match text.parse() {
                Ok(count) => self.company.employees = Some(count),
                Err(_) => checked.problem(name, "is not a whole number such as 25"),
            },
            _ => {
                let Some(line) = checked.line(name, Some(text)) else { return };
                match target {
                    Target::Email => lead.email = checked.keep(name, Email::parse(&line)),
                    Target::Phone => lead.phone = Some(line),
                    Target::FullName => set_name(lead, &line),
                    Target::Plain(field) => drop(lead.fields.insert(field, line)),
                    Target::Company => self.company.name = line,
                    Target::Website => self.company.website = Some(line),
                    Target::Source => lead.source = Some(line),
                    Target::Campaign => lead.campaign = Some(line),
                    Target::Note | Target::Custom(_) | Target::Employees => {}
                }
            }
        }
    }

    fn finish(mut self, form: &Form, captured: &[(&'static str, String)]) -> Lead {
        self.lead.note = note(form, self.note, captured);
        // Size and web site are of a company; without its name there is nowhere to keep them.
        self.lead.company = (!self.company.name.is_empty()).then_some(self.company);
        self.lead
    }
}

/// Browsers end the lines of a text area with two characters.
fn lines(checked: &mut Checked, name: &str, text: String) -> Option<String> {
    checked.lines(name, Some(text.replace("\r\n", "\n")))
}

/// `Ada King` and `King, Ada` are both a first and a last name; of more than two words the first is the first name. A name that the page has a field of its
/// own for stays as it is there.
fn set_name(lead: &mut Lead, full: &str) {
    let (first, last) = match full.split_once(',') {
        Some((last, first)) => (first.trim(), last.trim()),
        None => full.split_once(char::is_whitespace).unwrap_or((full, "")),
    };
    for (name, part) in [(field::FIRST_NAME, first), (field::LAST_NAME, last)] {
        if !part.is_empty() {
            lead.fields.entry(name).or_insert_with(|| part.trim().to_owned());
        }
    }
}

/// What people wrote, then where they came from. A field that is mapped elsewhere is not said twice.
fn note(form: &Form, parts: Vec<(String, String)>, captured: &[(&'static str, String)]) -> Option<String> {
    let alone = parts.len() == 1;
    let mut said: Vec<String> =
        parts.into_iter().map(|(name, text)| if alone { text } else { format!("{name}: {text}") }).collect();
    let mapped = |name: &str| form.fields.iter().any(|(field, _)| field == name);
    let left = captured.iter().filter(|(name, _)| form.trail && !mapped(name));
    let trail: Vec<String> = left.map(|(name, text)| format!("{name}: {text}")).collect();
    if !trail.is_empty() {
        said.push(trail.join("\n"));
    }
    (!said.is_empty()).then(|| said.join("\n\n"))
}

impl Lead {
    /// The operator's word comes first, then the page's, then what the campaign link says.
    fn set_by_operator(&mut self, hidden: &Hidden, captured: &[(&'static str, String)]) {
        let link = |name| found(captured, name);
        self.source = hidden.source.clone().or(self.source.take()).or_else(|| link("utm_source"));
        self.campaign = hidden.campaign.clone().or(self.campaign.take()).or_else(|| link("utm_campaign"));
        let medium = hidden.medium.clone().or(self.fields.remove(field::MEDIUM)).or_else(|| link("utm_medium"));
        self.fields.extend(medium.map(|medium| (field::MEDIUM, medium)));
        let parameter = |(name, text): &(&str, String)| Some((name.strip_prefix("utm_")?.to_owned(), text.clone()));
        self.utm = captured.iter().filter_map(parameter).collect();
        self.owner = hidden.owner.clone();
        self.tags = hidden.tags.clone();
        self.custom.extend(hidden.custom.clone());
    }
}
