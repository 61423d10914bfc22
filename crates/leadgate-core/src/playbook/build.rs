//! Makes the steps of a rule. What a step needs and no step before it provides, the person or the person's deal, is looked for first.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Trigger;
use super::file::{Find, On};
use super::rule::{Action, Make, NamedTemplates};
use super::template::{Reader, Template, Templates};
use crate::delivery::NewDelivery;
use crate::destinations::DestinationKind;
use crate::identity::{Email, IdentityKey, Phone};
use crate::plan::PlanContext;
use crate::record::{Fields, RecordKind, RecordRef, field, is_blank_value};
use crate::steps::{
    AddToListStep, CompanyStep, ConvertStep, DealToMake, DealWish, EntryKind, EntryStep, FindDealStep, MoveFoundStep,
    NoteStep, PersonStep, PersonWish, SendStep, SetFieldsStep, Step, StepTarget,
};

/// Whom and what a trigger is about.
pub(super) struct Subject {
    email: Option<Email>,
    phone: Option<Phone>,
    names: Fields,
    /// The record that changed, and the name of its field.
    changed: Option<(RecordRef, String)>,
    /// The person's ids in the app. Address and number may become known between two events; these are the same before and after.
    ids: Vec<IdentityKey>,
    /// What deliveries are kept in order by, if it is not the first of the keys.
    line: Option<IdentityKey>,
}

impl Subject {
    pub(super) fn of(trigger: Trigger<'_>, context: &PlanContext<'_>) -> Subject {
        let region = context.rules.phone_region.as_deref();
        match trigger {
            Trigger::Event(event) => Subject {
                email: event.email.clone(),
                phone: event.phone.as_deref().map(|typed| Phone::parse(typed, region)),
                names: names(&event.traits),
                changed: None,
                ids: event.person_keys.iter().cloned().map(IdentityKey::from_stored).collect(),
                line: event.person_keys.first().cloned().map(IdentityKey::from_stored),
            },
            Trigger::Change(change, record) => {
                let text = |name: &str| record.fields.get(name).and_then(Value::as_str);
                Subject {
                    email: text(field::EMAIL).and_then(|email| Email::parse(email).ok()),
                    phone: text(field::MOBILE).map(|typed| Phone::parse(typed, region)),
                    names: Fields::new(),
                    changed: Some((change.record, change.field.clone())),
                    ids: Vec::new(),
                    line: None,
                }
            }
        }
    }

    fn keys(&self) -> Vec<IdentityKey> {
        let of_record = self.changed.as_ref().map(|(record, _)| IdentityKey::of_record(*record));
        let of_email = self.email.as_ref().map(IdentityKey::of_email);
        let of_phone = self.phone.as_ref().and_then(IdentityKey::of_phone);
        let mut keys: Vec<IdentityKey> = of_record.into_iter().chain(of_email).chain(of_phone).collect();
        keys.extend(self.ids.iter().filter(|id| !keys.contains(id)).cloned().collect::<Vec<_>>());
        keys
    }

    fn ordering(&self, context: &PlanContext<'_>) -> IdentityKey {
        let first = self.line.clone().or_else(|| self.keys().into_iter().next());
        first.unwrap_or_else(|| IdentityKey::from_stored(format!("event:{}", context.submission)))
    }

    fn is_somebody(&self) -> bool {
        self.email.is_some() || self.phone.as_ref().is_some_and(|phone| phone.e164().is_some())
    }
}

/// The person's name as analytics libraries spell it.
fn names(traits: &Map<String, Value>) -> Fields {
    let spelled = [(field::FIRST_NAME, ["first_name", "firstName"]), (field::LAST_NAME, ["last_name", "lastName"])];
    let told =
        |names: [&str; 2]| names.iter().find_map(|name| traits.get(*name)?.as_str()).map(str::trim).map(Value::from);
    let told = spelled.into_iter().filter_map(|(name, spellings)| Some((name.to_owned(), told(spellings)?)));
    told.filter(|(_, value)| !is_blank_value(value)).collect()
}

/// Collects the steps of all rules that fire.
pub(super) struct Builder<'a> {
    templates: &'a Templates,
    seen: &'a Map<String, Value>,
    subject: Subject,
    context: &'a PlanContext<'a>,
    at: Timestamp,
    steps: Vec<Step>,
    has_person: bool,
    has_deal: bool,
    sent: usize,
}

/// A step, or why there is none.
type Built = Result<Option<Step>, String>;

impl<'a> Builder<'a> {
    pub(super) fn new(
        templates: &'a Templates,
        seen: &'a Map<String, Value>,
        subject: Subject,
        context: &'a PlanContext<'a>,
        at: Timestamp,
    ) -> Builder<'a> {
        let (has_person, has_deal) = (false, false);
        Builder { templates, seen, subject, context, at, steps: Vec::new(), has_person, has_deal, sent: 0 }
    }

    /// The steps, and the identities that they touch: those of the trigger, if anything is to be done.
    pub(super) fn finish(self) -> (Vec<Step>, Vec<IdentityKey>) {
        let keys = if self.steps.is_empty() { Vec::new() } else { self.subject.keys() };
        (self.steps, keys)
    }

    /// Adds a step. What is left out is told.
    pub(super) fn add(&mut self, rule: &str, position: usize, action: &Action) -> Option<String> {
        let told =
            |reason: String| format!("rule \"{rule}\", step {} ({}) left out: {reason}", position + 1, action.word());
        match self.step(action) {
            Ok(Some(step)) => {
                self.steps.push(step);
                None
            }
            Ok(None) => Some(told("its text is blank".to_owned())),
            Err(reason) => Some(told(reason)),
        }
    }

    fn step(&mut self, action: &Action) -> Built {
        match action {
            Action::Person { .. } => self.person(action),
            Action::Company { name, fields } => {
                let Some(name) = self.text(name)? else { return Ok(None) };
                Ok(Some(Step::EnsureCompany(CompanyStep::new(name, self.fields(fields)?))))
            }
            Action::Deal { find, pipeline, oldest, create } => {
                let pipeline = self.maybe(pipeline.as_ref())?;
                let create = create.as_ref().map(|make| self.make(make)).transpose()?.flatten();
                let wish = DealWish { closed_too: *find == Find::Any, pipeline, oldest: *oldest, create };
                self.needs_person()?;
                self.has_deal = true;
                Ok(Some(Step::FindDeal(Box::new(FindDealStep::new(wish, self.at)))))
            }
            Action::Move { stage, guards } => {
                let Some(stage) = self.text(stage)? else { return Ok(None) };
                let target = self.target(On::Deal)?;
                Ok(Some(Step::MoveFound(Box::new(MoveFoundStep::new(target, stage, *guards, self.at)))))
            }
            Action::Set { on, fields } => {
                let fields = self.fields(fields)?;
                self.set(*on, fields)
            }
            Action::Tag { on, tags } => {
                let fields = self.tags(tags)?;
                self.set(*on, fields)
            }
            Action::Note { on, text } => {
                let Some(text) = self.text(text)? else { return Ok(None) };
                Ok(Some(Step::AddNote(NoteStep::new(self.target(*on)?, text).or_left_out())))
            }
            Action::Task { on, title, text, due, owner } => {
                let due = self.context.now.saturating_add(SignedDuration::from_secs(*due)).unwrap_or(Timestamp::MAX);
                self.entry(*on, EntryKind::Task { due }, [Some(title), text.as_ref(), owner.as_ref()])
            }
            Action::Activity { on, kind, title, notes, owner } => {
                let Some(kind) = self.text(kind)? else { return Ok(None) };
                let kind = EntryKind::Activity { kind, at: self.at };
                self.entry(*on, kind, [Some(title), notes.as_ref(), owner.as_ref()])
            }
            Action::Convert { stage } => {
                let stage = self.maybe(stage.as_ref())?;
                self.needs_person()?;
                Ok(Some(Step::Convert(Box::new(ConvertStep::new(stage, self.subject.email.clone())))))
            }
            Action::List { list } => {
                let Some(list) = self.text(list)? else { return Ok(None) };
                self.needs_person()?;
                Ok(Some(Step::AddToList(AddToListStep::new(list))))
            }
            Action::Send { destination, kind, content } => self.send(destination, *kind, content),
        }
    }

    fn person(&mut self, action: &Action) -> Built {
        let Action::Person { create, overwrite, fields, tags, source, campaign, owner } = action else {
            return Ok(None);
        };
        let mut wish = self.nobody_in_particular()?;
        wish.create = *create;
        wish.overwrite = *overwrite;
        wish.fields = self.subject.names.clone();
        wish.fields.extend(self.fields(fields)?);
        wish.fields.extend(self.tags(tags)?);
        wish.source = self.maybe(source.as_ref())?;
        wish.campaign = self.maybe(campaign.as_ref())?;
        wish.owner = self.maybe(owner.as_ref())?;
        self.has_person = true;
        Ok(Some(Step::EnsurePerson(Box::new(PersonStep::new(wish).or_left_out()))))
    }

    fn text(&self, template: &Template) -> Result<Option<String>, String> {
        self.templates.text(template, self.seen, Reader::Plain)
    }

    fn maybe(&self, template: Option<&Template>) -> Result<Option<String>, String> {
        template.map_or(Ok(None), |template| self.text(template))
    }

    /// Values for fields; what is blank is left out, and what is not custom is written as text.
    fn fields(&self, templates: &NamedTemplates) -> Result<Fields, String> {
        let mut fields = Fields::new();
        for (name, template) in templates {
            let mut value = self.templates.value(template, self.seen).map_err(|reason| format!("{name}: {reason}"))?;
            match &mut value {
                Value::Object(entries) => entries.retain(|_, value| !is_blank_value(value)),
                Value::Number(number) if name != field::EMPLOYEES => value = number.to_string().into(),
                _ => {}
            }
            if !is_blank_value(&value) {
                fields.insert(name.clone(), value);
            }
        }
        Ok(fields)
    }

    fn tags(&self, templates: &[Template]) -> Result<Fields, String> {
        let mut tags = Vec::new();
        for template in templates {
            tags.extend(self.text(template)?);
        }
        Ok(if tags.is_empty() { Fields::new() } else { Fields::from([(field::TAGS.to_owned(), tags.into())]) })
    }

    fn make(&self, make: &Make) -> Result<Option<DealToMake>, String> {
        let Some(name) = self.text(&make.name)? else { return Ok(None) };
        let amount = self.maybe(make.amount.as_ref())?;
        Ok(Some(DealToMake { name, amount, stage: self.maybe(make.stage.as_ref())? }))
    }

    fn set(&mut self, on: On, fields: Fields) -> Built {
        if fields.is_empty() {
            return Err("nothing of it has a value".to_owned());
        }
        Ok(Some(Step::SetFields(Box::new(SetFieldsStep::new(self.target(on)?, fields)))))
    }

    fn entry(&mut self, on: On, kind: EntryKind, [title, text, owner]: [Option<&Template>; 3]) -> Built {
        let Some(title) = self.maybe(title)? else { return Ok(None) };
        let (text, owner) = (self.maybe(text)?, self.maybe(owner)?);
        let mut step = EntryStep::new(self.target(on)?, kind, title);
        (step.text, step.owner) = (text, owner);
        Ok(Some(Step::AddEntry(Box::new(step))))
    }

    fn nobody_in_particular(&self) -> Result<PersonWish, String> {
        if !self.subject.is_somebody() {
            return Err("nobody is named by an e-mail address or a phone number".to_owned());
        }
        Ok(PersonWish { email: self.subject.email.clone(), phone: self.subject.phone.clone(), ..PersonWish::default() })
    }

    /// Sees to it that the person is looked for before this step.
    fn needs_person(&mut self) -> Result<(), String> {
        if !self.has_person {
            let wish = self.nobody_in_particular()?;
            self.steps.push(Step::EnsurePerson(Box::new(PersonStep::new(wish).or_left_out())));
            self.has_person = true;
        }
        Ok(())
    }

    /// Where a step acts: the record that changed if it is of that kind, else what is found.
    fn target(&mut self, on: On) -> Result<StepTarget, String> {
        let changed = self.subject.changed.as_ref().map(|(record, _)| *record);
        let is_it = |record: &RecordRef| match on {
            On::Subject => true,
            On::Person => matches!(record.kind, RecordKind::Lead | RecordKind::Contact),
            On::Deal => record.kind == RecordKind::Deal,
            On::Company => record.kind == RecordKind::Company,
        };
        if let Some(record) = changed.filter(is_it) {
            return Ok(StepTarget::Record(record));
        }
        match on {
            On::Company => return Ok(StepTarget::Company),
            On::Deal => self.needs_deal()?,
            On::Person | On::Subject => self.needs_person()?,
        }
        Ok(if on == On::Deal { StepTarget::Deal } else { StepTarget::Person })
    }

    /// Sees to it that the person's newest open deal is looked for before this step.
    fn needs_deal(&mut self) -> Result<(), String> {
        if !self.has_deal {
            self.needs_person()?;
            self.steps.push(Step::FindDeal(Box::new(FindDealStep::new(DealWish::default(), self.at))));
            self.has_deal = true;
        }
        Ok(())
    }

    fn send(&mut self, destination: &str, kind: DestinationKind, templates: &NamedTemplates) -> Built {
        let reader = if kind == DestinationKind::Slack { Reader::Slack } else { Reader::Plain };
        let mut content = Map::new();
        for (name, template) in templates {
            let is_structure = matches!(name.as_str(), "data" | "blocks");
            let value = match template {
                whole if name == "blocks" => self.templates.slack_blocks(whole, self.seen)?,
                Template::List(_) | Template::Object(_) => self.templates.value(template, self.seen)?,
                whole if is_structure => self.templates.value(whole, self.seen)?,
                text => self.templates.text(text, self.seen, reader)?.map_or(Value::Null, Value::String),
            };
            if !value.is_null() {
                content.insert(name.clone(), value);
            }
        }
        match kind {
            DestinationKind::Webhook => self.complete(&mut content),
            DestinationKind::Slack | DestinationKind::Email if !content.contains_key("text") => return Ok(None),
            DestinationKind::Slack => drop(content.insert("escaped".to_owned(), true.into())),
            DestinationKind::Email => {}
        }
        self.sent += 1;
        let delivery = NewDelivery {
            id: self.delivery_id(),
            destination: destination.to_owned(),
            ordering: self.subject.ordering(self.context),
            content: Value::Object(content),
        };
        Ok(Some(Step::Send(Box::new(SendStep::new(delivery)))))
    }

    /// What a webhook says when the rule does not: all that there is.
    fn complete(&self, content: &mut Map<String, Value>) {
        let (kind, names): (String, &[&str]) = match &self.subject.changed {
            Some((record, field)) => (format!("{}.{field}", record.kind.name()), &["change", "record"]),
            None => ("event".to_owned(), &["event", "properties", "traits", "person"]),
        };
        content.entry("type").or_insert_with(|| kind.into());
        content.insert("timestamp".to_owned(), format!("{:.0}", self.at).into());
        let all = || names.iter().filter_map(|name| Some(((*name).to_owned(), self.seen.get(*name)?.clone())));
        content.entry("data").or_insert_with(|| Value::Object(all().collect()));
    }

    /// One submission may bring several changes of a record, each with its own deliveries: the field tells them apart.
    fn delivery_id(&self) -> String {
        let (submission, count) = (self.context.submission, self.sent);
        match &self.subject.changed {
            None => format!("msg_{submission}_{count}"),
            Some((_, field)) => {
                let spelt = |byte: u8| match byte {
                    plain if plain.is_ascii_alphanumeric() || plain == b'_' => char::from(plain).to_string(),
                    // Two fields must never share an id: the second delivery would be taken for the first.
                    other => format!("-{other:02x}"),
                };
                let plain: String = field.bytes().map(spelt).collect();
                format!("msg_{submission}_{plain}_{count}")
            }
        }
    }
}
