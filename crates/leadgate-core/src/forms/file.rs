//! A form as the rules file has it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::origin::OriginRule;
use super::rate::Rate;
use super::robot::{TIME_FIELD, Trap};
use super::target::{Target, custom_name};
use super::{Form, Hidden};
use crate::rules::Compiling;

/// The field in which a page names the form's key.
const KEY_FIELD: &str = "form_key";
/// How often one address may post where the file does not say.
const PER_ADDRESS: &str = "10/1m";
/// A key that is shorter is a typing mistake.
const SHORTEST_KEY: usize = 8;

/// A form as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormFile {
    key: Option<String>,
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    require: Vec<String>,
    #[serde(default)]
    hidden: HiddenFile,
    honeypot: Option<String>,
    min_seconds: Option<f64>,
    #[serde(default)]
    time_required: bool,
    redirect: Option<String>,
    error_redirect: Option<String>,
    #[serde(default)]
    limits: LimitsFile,
    #[serde(default)]
    trust_forwarded_for: bool,
    #[serde(default = "yes")]
    trail: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HiddenFile {
    source: Option<String>,
    campaign: Option<String>,
    medium: Option<String>,
    owner: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    custom: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    per_address: Option<String>,
    per_email_domain: Option<String>,
}

fn yes() -> bool {
    true
}

/// A form's place in the file, and where its problems go.
struct Place<'a, 'b> {
    form: String,
    compiling: &'a mut Compiling<'b>,
}

impl Place<'_, '_> {
    fn problem(&mut self, setting: &str, message: impl std::fmt::Display) {
        self.compiling.problem(&format!("{}.{setting}", self.form), message);
    }

    fn keep<T>(&mut self, setting: &str, result: Result<T, impl std::fmt::Display>) -> Option<T> {
        result.map_err(|message| self.problem(setting, message)).ok()
    }
}

impl FormFile {
    pub(super) fn compile(self, name: &str, compiling: &mut Compiling<'_>) -> Form {
        let mut place = Place { form: format!("forms.{name}"), compiling };
        if !is_path_segment(name) {
            place.problem("key", "the form's name is part of its address; use letters, digits, - and _ only");
        }
        let fields = fields(self.fields, &mut place);
        check_required(&fields, &self.require, &mut place);
        let trap = trap(self.honeypot, self.min_seconds, self.time_required, &mut place);
        check_reserved(&fields, &trap, &mut place);
        Form {
            key: key(self.key, &mut place),
            origins: origins(&self.origins, &mut place),
            redirect: address("redirect", self.redirect, &mut place),
            error_redirect: address("error_redirect", self.error_redirect, &mut place),
            per_address: rate(
                "limits.per_address",
                self.limits.per_address.as_deref().unwrap_or(PER_ADDRESS),
                &mut place,
            ),
            per_email_domain: rate(
                "limits.per_email_domain",
                self.limits.per_email_domain.as_deref().unwrap_or("off"),
                &mut place,
            ),
            trust_forwarded_for: self.trust_forwarded_for,
            trap,
            fields,
            require: self.require,
            hidden: hidden(self.hidden, &mut place),
            trail: self.trail,
        }
    }
}

fn is_path_segment(name: &str) -> bool {
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= 64 && name.bytes().all(sane)
}

fn key(key: Option<String>, place: &mut Place<'_, '_>) -> String {
    let at = format!("{}.key", place.form);
    let key = key.map(|key| place.compiling.text(&at, key)).unwrap_or_default();
    let sane = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if key.len() < SHORTEST_KEY || key.len() > 128 || !sane {
        let advice = "a form needs a key that its page names: 8 to 128 letters, digits, - and _, such as pk_demo_ and random letters";
        place.problem("key", advice);
    }
    key
}

fn origins(written: &[String], place: &mut Place<'_, '_>) -> Vec<OriginRule> {
    if written.is_empty() {
        place.problem("origins", "list the origins of the pages that have the form, such as https://www.example.com");
    }
    let read = |(index, text): (usize, &String)| place.keep(&format!("origins[{index}]"), OriginRule::parse(text));
    written.iter().enumerate().filter_map(read).collect()
}

fn fields(written: Map<String, Value>, place: &mut Place<'_, '_>) -> Vec<(String, Target)> {
    let mut fields = Vec::new();
    for (name, target) in written {
        let setting = format!("fields.{name}");
        match target.as_str() {
            Some(target) => fields.extend(place.keep(&setting, Target::parse(target)).map(|target| (name, target))),
            None => place.problem(&setting, "write the lead's field as a text, such as \"email\""),
        }
    }
    if !fields.iter().any(|(_, target)| matches!(target, Target::Email | Target::Phone)) {
        place.problem(
            "fields",
            "name the page's field for \"email\" or \"phone\": one of them is what a person is recognised by",
        );
    }
    fields
}

fn check_required(fields: &[(String, Target)], require: &[String], place: &mut Place<'_, '_>) {
    for name in require {
        if !fields.iter().any(|(field, _)| field == name) {
            place.problem("require", format_args!("\"{name}\" is not among the fields; write the page's name for it"));
        }
    }
}

/// A field of the trap or of the key that were also one of the lead would never arrive.
fn check_reserved(fields: &[(String, Target)], trap: &Trap, place: &mut Place<'_, '_>) {
    for (name, _) in fields {
        if trap.owns(name) || name == KEY_FIELD {
            let advice = format!(
                "has a meaning of its own ({KEY_FIELD}, {TIME_FIELD}, the honeypot); give the page's field another name"
            );
            place.problem(&format!("fields.{name}"), advice);
        }
    }
}

fn trap(honeypot: Option<String>, min_seconds: Option<f64>, time_required: bool, place: &mut Place<'_, '_>) -> Trap {
    let sane = |seconds: &f64| (0.0..=3600.0).contains(seconds);
    if min_seconds.is_some_and(|seconds| !sane(&seconds)) {
        place.problem("min_seconds", "is not a number of seconds from 0 to 3600");
    }
    if time_required && min_seconds.is_none() {
        place.problem("time_required", "goes with min_seconds; set that too");
    }
    Trap { honeypot, fastest: min_seconds.filter(sane).map(Duration::from_secs_f64), time_required }
}

fn address(setting: &str, written: Option<String>, place: &mut Place<'_, '_>) -> Option<Url> {
    let url = Url::parse(&written?).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    place.keep(setting, url.ok_or("is not the whole address of a page, such as https://www.example.com/thanks"))
}

fn rate(setting: &str, written: &str, place: &mut Place<'_, '_>) -> Option<Rate> {
    place.keep(setting, Rate::parse(written)).flatten()
}

fn hidden(written: HiddenFile, place: &mut Place<'_, '_>) -> Hidden {
    for (name, value) in &written.custom {
        place.keep(&format!("hidden.custom.{name}"), custom_name(name));
        if value.is_array() || value.is_object() {
            place.problem(&format!("hidden.custom.{name}"), "is not a text, number, true or false");
        }
    }
    let HiddenFile { source, campaign, medium, owner, tags, custom } = written;
    Hidden { source, campaign, medium, owner, tags, custom }
}
