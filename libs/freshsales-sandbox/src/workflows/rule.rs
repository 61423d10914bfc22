//! What a person defines: when a workflow fires, and the webhook it calls.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::{content, fields};
use crate::Kind;

/// A workflow with one webhook as its action.
///
/// ```
/// use freshsales_sandbox::{Condition, Content, Kind, Trigger, Webhook, Workflow};
/// let webhook = Webhook::post("http://localhost:9000/hook", Content::simple(&["id", "deal_stage_name"]));
/// let workflow = Workflow::new("won deals", Kind::Deal, webhook)
///     .on(Trigger::Updated)
///     .when(Condition::changed_to("deal_stage_id", "Won"));
/// assert_eq!(workflow.check(), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// What people call it.
    pub name: String,
    /// The kind of record it watches. Notes have no workflows.
    pub kind: Kind,
    /// Which writes it looks at.
    #[serde(default)]
    pub trigger: Trigger,
    /// What must hold of the record for the webhook to be called.
    #[serde(default)]
    pub conditions: Condition,
    /// Whether it fires at most once for each record.
    #[serde(default)]
    pub once: bool,
    /// Whether it is switched on.
    #[serde(default = "switched_on")]
    pub enabled: bool,
    /// The request it makes.
    pub webhook: Webhook,
}

const fn switched_on() -> bool {
    true
}

/// Which writes a workflow looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// A record is made.
    Created,
    /// A record is changed.
    Updated,
    /// Either.
    #[default]
    CreatedOrUpdated,
}

/// The request that a workflow makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// `http` or `https`; placeholders may stand after the host.
    pub url: String,
    /// The HTTP method; only POST, PUT and PATCH carry a body.
    #[serde(default)]
    pub method: WebhookMethod,
    /// How the receiver recognises the account.
    #[serde(default)]
    pub authentication: Authentication,
    /// Headers of one's own, by name.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The form of the body.
    #[serde(default)]
    pub encoding: Encoding,
    /// What the body says.
    pub content: Content,
}

/// The HTTP method of a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of HTTP")]
pub enum WebhookMethod {
    Get,
    #[default]
    Post,
    Put,
    Patch,
    Delete,
}

impl WebhookMethod {
    /// The name as HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(crate) const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// How the receiver recognises the account. There is no signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Authentication {
    /// Not at all, or by a header of one's own.
    #[default]
    None,
    /// `Authorization: Token <token>`.
    Token {
        /// What the admin typed.
        token: Secret,
    },
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
}

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// A JSON object.
    #[default]
    Json,
    /// One element per key, inside an element named after the record's kind.
    Xml,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// What a body says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// The ticked fields, by their names without the kind's prefix: `id`, `deal_stage_name`, `cf_seats`.
    Simple(Vec<String>),
    /// Text in which `{{deal.name}}` is replaced.
    Advanced(String),
}

impl Content {
    /// These ticked fields.
    #[must_use]
    pub fn simple(fields: &[&str]) -> Self {
        Self::Simple(fields.iter().map(|&field| field.to_owned()).collect())
    }
}

/// A value that must not show in logs: it serializes as it is and prints as `[secret]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Workflow {
    /// A workflow that fires on every create and update.
    #[must_use]
    pub fn new(name: &str, kind: Kind, webhook: Webhook) -> Self {
        let (trigger, conditions) = (Trigger::default(), Condition::default());
        Self { name: name.to_owned(), kind, trigger, conditions, once: false, enabled: true, webhook }
    }

    /// The same workflow with this trigger.
    #[must_use]
    pub fn on(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// The same workflow with this condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions = condition;
        self
    }

    /// Whether the workflow can be set up; the message says what is wrong.
    ///
    /// # Errors
    /// For a kind without workflows, an address that is not `http` or `https` or has a placeholder in its host, a field
    /// that the kind does not have, and a header that HTTP does not allow.
    pub fn check(&self) -> Result<(), String> {
        if self.name.trim().is_empty() {
            return Err("a workflow needs a name".to_owned());
        }
        if self.kind == Kind::Note {
            return Err("notes have no workflows".to_owned());
        }
        self.webhook.check()?;
        let ticked = match &self.webhook.content {
            Content::Simple(fields) if fields.is_empty() => return Err("tick at least one field".to_owned()),
            Content::Simple(fields) => fields.as_slice(),
            Content::Advanced(_) => &[],
        };
        let asked = self.conditions.fields();
        let unknown = ticked.iter().map(String::as_str).chain(asked).find(|field| !fields::exists(self.kind, field));
        match unknown {
            Some(field) => Err(format!("a {} has no field {field}", self.kind.singular())),
            None => Ok(()),
        }
    }
}

/// Headers that belong to the connection or are made from other settings.
const RESERVED_HEADERS: &[&str] = &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te"];

impl Webhook {
    /// A POST of JSON without authentication.
    #[must_use]
    pub fn post(url: &str, content: Content) -> Self {
        Self {
            url: url.to_owned(),
            method: WebhookMethod::Post,
            authentication: Authentication::None,
            headers: BTreeMap::new(),
            encoding: Encoding::Json,
            content,
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    fn check(&self) -> Result<(), String> {
        self.check_url()?;
        for (name, value) in &self.headers {
            let usable = HeaderName::try_from(name.as_str()).is_ok() && HeaderValue::try_from(value.expose()).is_ok();
            if !usable || RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(format!("{name} cannot be sent as a header"));
            }
        }
        match &self.authentication {
            Authentication::Token { token } if HeaderValue::try_from(token.expose()).is_err() => {
                Err("the token cannot be sent in a header".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// A placeholder in the host would send a record wherever its fields say.
    fn check_url(&self) -> Result<(), String> {
        let cannot = |why: &str| Err(format!("cannot call {}: {why}", self.url));
        let Ok(url) = reqwest::Url::parse(&content::without_placeholders(&self.url)) else {
            return cannot("it is not a URL");
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return cannot("only http and https addresses can be called");
        }
        let authority = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains("{{") || authority.contains("}}") {
            return cannot("a placeholder cannot stand in the host");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn calling(url: &str, fields: &[&str]) -> Workflow {
        Workflow::new("a", Kind::Contact, Webhook::post(url, Content::simple(fields)))
    }

    #[rstest]
    #[case("http://localhost:9000/hook", &["id", "contact_status_name", "cf_seats", "sales_account_name"], true)]
    #[case("https://hooks.example.com/{{contact.id}}?q={{contact.email}}", &["id"], true)]
    #[case("https://{{contact.city}}.example.com/", &["id"], false)]
    #[case("ftp://example.com/", &["id"], false)]
    #[case("file:///etc/passwd", &["id"], false)]
    #[case("/hook", &["id"], false)]
    #[case("http://localhost/", &["deal_stage_name"], false)]
    #[case("http://localhost/", &[], false)]
    fn a_rule_is_checked_when_it_is_set_up(#[case] url: &str, #[case] fields: &[&str], #[case] usable: bool) {
        assert_eq!(calling(url, fields).check().is_ok(), usable, "{:?}", calling(url, fields).check());
    }

    #[test]
    fn connection_headers_and_broken_headers_are_refused() {
        for (name, value) in [("Host", "a"), ("x y", "a"), ("x-secret", "a\r\nb: c")] {
            let mut workflow = calling("http://localhost/", &["id"]);
            workflow.webhook = workflow.webhook.header(name, value);
            assert!(workflow.check().is_err(), "{name}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let mut workflow = calling("http://localhost/", &["id"]);
        workflow.webhook.authentication = Authentication::Token { token: "hunter2".into() };
        workflow.webhook = workflow.webhook.header("x-secret", "hunter2");
        assert!(!format!("{workflow:?}").contains("hunter2"));
    }
}
