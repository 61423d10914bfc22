//! Destinations as they are written, and what is wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::SignedDuration;
use secrecy::{SecretSlice, SecretString};
use serde::Deserialize;
use url::Url;

use super::address::Network;
use super::place::{UrlRules, check_mail_host, read_url};
use super::{BodyFormat, Destination, DestinationKind, EmailReceiver, Limits, Receiver, SigningKey, WebhookReceiver};
use crate::rules::Compiling;

/// A webhook's shared secret has so many bytes, by the Standard Webhooks specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The seed of an ed25519 key.
const SEED_BYTES: usize = 32;
/// Headers that the gateway or HTTP itself sets.
const RESERVED_HEADERS: &[&str] =
    &["content-type", "content-length", "host", "transfer-encoding", "connection", "user-agent"];

/// A destination as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationFile {
    kind: DestinationKind,
    url: Option<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    format: BodyFormat,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    plain_http: bool,
    smtp: Option<String>,
    from: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    concurrency: Option<u32>,
    timeout: Option<String>,
    retries: Option<Vec<String>>,
    per_second: Option<u32>,
}

impl DestinationFile {
    pub(super) fn compile(self, name: &str, compiling: &mut Compiling<'_>) -> Destination {
        let mut reading = Reading { place: format!("destinations.{name}"), compiling };
        if name.is_empty() || !name.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_')) {
            reading.problem("", "a destination's name is made of letters, digits, - and _");
        }
        let kind = self.kind;
        self.refuse_foreign(&mut reading);
        let limits = reading.limits(&self);
        let allowed: Vec<Network> = self.allow.iter().filter_map(|text| reading.network(text)).collect();
        let receiver = match kind {
            DestinationKind::Slack => Receiver::Slack { url: reading.url(&self, &allowed) },
            DestinationKind::Webhook => Receiver::Webhook(reading.webhook(self, &allowed)),
            DestinationKind::Email => Receiver::Email(reading.email(self, &allowed)),
        };
        Destination { kind, receiver, allowed, limits }
    }

    /// A key of another kind would be without effect; whoever wrote it expects one.
    fn refuse_foreign(&self, reading: &mut Reading<'_, '_>) {
        let kind = self.kind;
        let of = |kinds: &[DestinationKind]| !kinds.contains(&kind);
        let (http, mail) = (&[DestinationKind::Slack, DestinationKind::Webhook], &[DestinationKind::Email]);
        let webhook = &[DestinationKind::Webhook];
        let foreign = [
            ("url", self.url.is_some() && of(http)),
            ("secrets", !self.secrets.is_empty() && of(webhook)),
            ("format", self.format != BodyFormat::Plain && of(webhook)),
            ("headers", !self.headers.is_empty() && of(webhook)),
            ("plain_http", self.plain_http && of(http)),
            ("smtp", self.smtp.is_some() && of(mail)),
            ("from", self.from.is_some() && of(mail)),
            ("to", !self.to.is_empty() && of(mail)),
        ];
        for (key, _) in foreign.into_iter().filter(|(_, is_foreign)| *is_foreign) {
            reading.problem(key, format_args!("a destination of kind {} has no such key", kind.name()));
        }
    }
}

/// One destination on its way.
struct Reading<'a, 'b> {
    place: String,
    compiling: &'a mut Compiling<'b>,
}

impl Reading<'_, '_> {
    fn at(&self, key: &str) -> String {
        if key.is_empty() { self.place.clone() } else { format!("{}.{key}", self.place) }
    }

    fn problem(&mut self, key: &str, message: impl std::fmt::Display) {
        let place = self.at(key);
        self.compiling.problem(&place, message);
    }

    /// The text; `None` if its variable is not set, which is a problem noted already.
    fn text(&mut self, key: &str, written: String) -> Option<String> {
        let place = self.at(key);
        let text = self.compiling.text(&place, written);
        (!text.is_empty()).then_some(text)
    }

    fn required(&mut self, key: &str, written: Option<String>) -> Option<String> {
        if written.as_deref().is_none_or(str::is_empty) {
            self.problem(key, "this is needed");
            return None;
        }
        self.text(key, written.unwrap_or_default())
    }

    fn network(&mut self, text: &str) -> Option<Network> {
        let network = Network::parse(text);
        if network.is_none() {
            self.problem("allow", format_args!("`{text}` is no block of addresses; write it as 10.1.0.0/16"));
        }
        network
    }

    fn url(&mut self, file: &DestinationFile, allowed: &[Network]) -> SecretString {
        let rules = UrlRules { allowed, plain_http: file.plain_http };
        let read = self.required("url", file.url.clone()).map(|text| read_url(&text, &rules));
        match read {
            Some(Ok(url)) => return String::from(url).into(),
            Some(Err(problem)) => self.problem("url", problem),
            None => {}
        }
        SecretString::default()
    }

    fn webhook(&mut self, file: DestinationFile, allowed: &[Network]) -> WebhookReceiver {
        let url = self.url(&file, allowed);
        if file.secrets.is_empty() {
            self.problem("secrets", "at least one secret is needed to sign with: whsec_… or whsk_…");
        }
        let secrets = file.secrets.into_iter().filter_map(|written| self.key(written)).collect();
        let headers = file.headers.into_iter().filter_map(|(name, value)| self.header(name, value)).collect();
        WebhookReceiver { url, keys: secrets, format: file.format, headers }
    }

    fn key(&mut self, written: String) -> Option<SigningKey> {
        let text = self.text("secrets", written)?;
        let read = read_key(text.trim());
        if let Err(problem) = &read {
            self.problem("secrets", problem);
        }
        read.ok()
    }

    fn header(&mut self, name: String, written: String) -> Option<(String, SecretString)> {
        let lower = name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            self.problem("headers", format_args!("`{name}` is no name of a header"));
            return None;
        }
        if RESERVED_HEADERS.contains(&lower.as_str()) || lower.starts_with("webhook-") {
            self.problem("headers", format_args!("the header {name} is set by the gateway"));
            return None;
        }
        let value = self.text("headers", written)?;
        if value.chars().any(char::is_control) {
            self.problem("headers", format_args!("the value of {name} holds a control character"));
            return None;
        }
        Some((lower, value.into()))
    }

    fn email(&mut self, file: DestinationFile, allowed: &[Network]) -> EmailReceiver {
        let written = self.required("smtp", file.smtp);
        let server = written.and_then(|text| self.mail_server(&text, allowed)).unwrap_or_default();
        let from = self.required("from", file.from).unwrap_or_default();
        let to: Vec<String> = file.to.into_iter().filter_map(|written| self.text("to", written)).collect();
        if to.is_empty() {
            self.problem("to", "at least one address is needed");
        }
        for (key, address) in to.iter().map(|address| ("to", address)).chain([("from", &from)]) {
            // `Name <address>` is a way to write one too.
            let bare = address.rsplit_once('<').map_or(address.as_str(), |(_, rest)| rest.trim_end_matches('>'));
            if !address.is_empty() && !email_address::EmailAddress::is_valid(bare.trim()) {
                self.problem(key, format_args!("`{address}` is no e-mail address"));
            }
        }
        EmailReceiver { server, from, to }
    }

    /// `smtps://user:$PASSWORD@host`: the password may stand in the environment.
    fn mail_server(&mut self, text: &str, allowed: &[Network]) -> Option<SecretString> {
        const MEND: &str =
            "write the mail server as smtps://user:$SMTP_PASSWORD@smtp.example.com, or smtp://… for STARTTLS";
        let Ok(mut url) = Url::parse(text) else {
            self.problem("smtp", MEND);
            return None;
        };
        if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
            self.problem("smtp", MEND);
            return None;
        }
        if let Err(problem) = check_mail_host(&url, allowed) {
            self.problem("smtp", problem);
        }
        if let Some(password) = url.password().filter(|password| password.starts_with('$')).map(str::to_owned) {
            let password = self.text("smtp", password)?;
            // What stands in the environment is the password itself, so a % in it does not begin an escape.
            if url.set_password(Some(&password.replace('%', "%25"))).is_err() {
                self.problem("smtp", MEND);
            }
        }
        Some(String::from(url).into())
    }

    fn limits(&mut self, file: &DestinationFile) -> Limits {
        let usual = Limits::default();
        if file.concurrency == Some(0) {
            self.problem("concurrency", "0 would let nothing out; 1 is the least");
        }
        if file.per_second == Some(0) {
            self.problem("per_second", "0 would let nothing out; leave it away for no limit");
        }
        let timeout = file.timeout.as_deref().and_then(|text| self.duration("timeout", text));
        let timeout = timeout.and_then(|timeout| Duration::try_from(timeout).ok()).filter(|timeout| !timeout.is_zero());
        let retries = file.retries.as_ref().map(|waits| {
            let waits = waits.iter().filter_map(|text| self.duration("retries", text));
            waits.collect()
        });
        Limits {
            concurrency: file.concurrency.unwrap_or(usual.concurrency),
            timeout: timeout.unwrap_or(usual.timeout),
            retries: retries.unwrap_or(usual.retries),
            per_second: file.per_second,
        }
    }

    fn duration(&mut self, key: &str, text: &str) -> Option<SignedDuration> {
        let parsed = text.trim().parse::<SignedDuration>().ok().filter(|duration| !duration.is_negative());
        if parsed.is_none() {
            self.problem(key, format_args!("`{text}` is not a duration; write it as \"5s\", \"30m\" or \"24h\""));
        }
        parsed
    }
}

/// Reads a signing secret. The problem never repeats it.
fn read_key(text: &str) -> Result<SigningKey, String> {
    let read = |encoded: &str| decode_base64(encoded).ok_or("what follows the prefix is not base64".to_owned());
    if let Some(encoded) = text.strip_prefix("whsec_") {
        let secret = read(encoded)?;
        if !SECRET_BYTES.contains(&secret.len()) {
            return Err(format!("a whsec_ secret has 24 to 64 bytes, this one has {}", secret.len()));
        }
        return Ok(SigningKey::Shared(SecretSlice::from(secret)));
    }
    if let Some(encoded) = text.strip_prefix("whsk_") {
        let mut seed = read(encoded)?;
        // Some tools write the seed with the public key behind it.
        if seed.len() == 2 * SEED_BYTES {
            seed.truncate(SEED_BYTES);
        }
        if seed.len() != SEED_BYTES {
            return Err(format!("a whsk_ key has {SEED_BYTES} bytes, this one has {}", seed.len()));
        }
        return Ok(SigningKey::Private(SecretSlice::from(seed)));
    }
    Err("a secret begins with whsec_ (shared, v1) or whsk_ (private key, v1a)".to_owned())
}

/// Standard base64, with or without padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
