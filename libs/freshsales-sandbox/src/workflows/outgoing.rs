//! A record as the request that a webhook makes of it.

use std::fmt;

use super::content::{self, Escaping};
use super::rule::{Authentication, Content, Webhook, WebhookMethod};
use crate::model::{Record, State};

/// A request, ready to be made.
pub(super) struct Outgoing {
    pub(super) method: WebhookMethod,
    pub(super) url: String,
    /// Names and values, secrets among them.
    pub(super) headers: Vec<(String, String)>,
    pub(super) basic: Option<(String, String)>,
    pub(super) body: Option<String>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outgoing").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The request a webhook makes about this record.
pub(super) fn outgoing(state: &State, webhook: &Webhook, record: &Record) -> Outgoing {
    let body = webhook.method.has_body().then(|| body(state, webhook, record));
    let mut headers: Vec<(String, String)> = Vec::new();
    let own = |name: &str| webhook.headers.keys().any(|header| header.eq_ignore_ascii_case(name));
    if body.is_some() && !own("content-type") {
        headers.push(("content-type".to_owned(), webhook.encoding.content_type().to_owned()));
    }
    let mut basic = None;
    match &webhook.authentication {
        Authentication::None => {}
        Authentication::Token { token } => {
            headers.push(("authorization".to_owned(), format!("Token {}", token.expose())));
        }
        Authentication::Basic { username, password } => {
            basic = Some((username.clone(), password.expose().to_owned()));
        }
    }
    headers.extend(webhook.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
    let url = content::filled(state, record, &webhook.url, Escaping::Percent);
    Outgoing { method: webhook.method, url, headers, basic, body }
}

fn body(state: &State, webhook: &Webhook, record: &Record) -> String {
    match &webhook.content {
        Content::Simple(ticked) => webhook.encoding.body(record.kind, content::simple(state, record, ticked)),
        Content::Advanced(template) => {
            let escaped = state.switches.webhook_placeholders_escaped;
            let escaping = if escaped { webhook.encoding.into() } else { Escaping::Raw };
            content::filled(state, record, template, escaping)
        }
    }
}
