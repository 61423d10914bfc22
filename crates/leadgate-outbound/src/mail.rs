//! E-mail over SMTP. The server's name is looked up and checked like any other host; its certificate is checked against the name.

use std::net::IpAddr;
use std::time::Duration;

use leadgate_core::delivery::{DeliveryAnswer, DeliveryFailure, Parcel};
use leadgate_core::destinations::{EmailReceiver, Limits};
use lettre::message::{Mailbox, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::dialing::{DialError, Guard};

/// The longest subject; what is longer is cut.
const LONGEST_SUBJECT: usize = 500;

/// Sends through one server.
pub(crate) struct Mailer {
    guard: Guard,
    server: Url,
    from: Mailbox,
    to: Vec<String>,
    timeout: Duration,
}

impl Mailer {
    pub(crate) fn new(receiver: &EmailReceiver, guard: Guard, limits: &Limits) -> Result<Mailer, String> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let server = Url::parse(receiver.server.expose_secret()).map_err(|_| "its mail server cannot be read")?;
        let from = receiver.from.parse().map_err(|_| "`from` is no address")?;
        Ok(Mailer { guard, server, from, to: receiver.to.clone(), timeout: limits.timeout })
    }

    /// Sends a parcel within the time limit.
    pub(crate) async fn send(&self, parcel: &Parcel) -> DeliveryAnswer {
        let message = match self.message(parcel) {
            Ok(message) => message,
            Err(why) => return DeliveryAnswer::failed(DeliveryFailure::Unusable(why)),
        };
        match tokio::time::timeout(self.timeout, self.hand_over(message)).await {
            Ok(answer) => answer,
            Err(_) => DeliveryAnswer::failed(DeliveryFailure::TimedOut(self.timeout)),
        }
    }

    /// The same id for every attempt, so that a mail program shows a repeat once.
    fn message(&self, parcel: &Parcel) -> Result<Message, String> {
        let text = |name: &str| parcel.content[name].as_str().unwrap_or_default();
        let subject: String = text("subject").chars().filter(|sign| !sign.is_control()).take(LONGEST_SUBJECT).collect();
        if subject.trim().is_empty() && text("text").trim().is_empty() {
            return Err("the content has neither subject nor text".to_owned());
        }
        let since_1970 = Duration::from_secs(u64::try_from(parcel.sent_at.as_second()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", parcel.id, self.from.email.domain())))
            .header(header::ContentType::TEXT_PLAIN)
            .date(std::time::UNIX_EPOCH + since_1970);
        for address in receivers(&parcel.content, &self.to) {
            builder = builder.to(address.parse().map_err(|_| "a receiver is no address".to_owned())?);
        }
        builder.body(text("text").to_owned()).map_err(|error| error.to_string())
    }

    async fn hand_over(&self, message: Message) -> DeliveryAnswer {
        let host = self.server.host_str().unwrap_or_default();
        let addresses = match self.guard.addresses(host).await {
            Ok(addresses) => addresses,
            Err(DialError::Forbidden(forbidden)) => {
                return DeliveryAnswer::failed(DeliveryFailure::Forbidden(forbidden.0));
            }
            Err(DialError::NotFound(error)) => {
                return DeliveryAnswer::failed(DeliveryFailure::Unreachable(format!(
                    "its name was not found: {error}"
                )));
            }
        };
        let transport = match self.transport(addresses[0], host) {
            Ok(transport) => transport,
            Err(error) => return DeliveryAnswer::failed(DeliveryFailure::Unusable(error.to_string())),
        };
        match transport.send(message).await {
            Ok(_) => DeliveryAnswer { result: Ok(()), status: Some(250), retry_after: None },
            Err(error) => judge(&error),
        }
    }

    /// To the address that was checked, whatever the name stands for a moment later.
    fn transport(
        &self,
        address: IpAddr,
        host: &str,
    ) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
        let parameters = || TlsParameters::new(host.trim_matches(['[', ']']).to_owned());
        let without_tls = self.server.query() == Some("tls=none");
        let (tls, port) = match self.server.scheme() {
            "smtps" => (Tls::Wrapper(parameters()?), 465),
            _ if without_tls => (Tls::None, 25),
            _ => (Tls::Required(parameters()?), 587),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
            .port(self.server.port().unwrap_or(port))
            .tls(tls)
            .hello_name(ClientId::default())
            .timeout(Some(self.timeout));
        if let (false, Some(password)) = (self.server.username().is_empty(), self.server.password()) {
            builder = builder.credentials(Credentials::new(decoded(self.server.username()), decoded(password)));
        }
        Ok(builder.build())
    }
}

/// Those whom the content names, else the usual ones.
fn receivers<'a>(content: &'a Value, usual: &'a [String]) -> Vec<&'a str> {
    match &content["to"] {
        Value::String(address) if !address.is_empty() => vec![address],
        Value::Array(addresses) if !addresses.is_empty() => addresses.iter().filter_map(Value::as_str).collect(),
        _ => usual.iter().map(String::as_str).collect(),
    }
}

fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes()).map(|(key, _)| key.into_owned()).collect()
}

fn judge(error: &lettre::transport::smtp::Error) -> DeliveryAnswer {
    let status = error.status().and_then(|code| code.to_string().parse().ok());
    let failure = match status {
        Some(code) if error.is_permanent() => DeliveryFailure::Refused(format!("the mail server answered {code}")),
        Some(code) => DeliveryFailure::Trouble(format!("the mail server answered {code}")),
        None if error.is_client() => DeliveryFailure::Refused(error.to_string()),
        None => DeliveryFailure::Unreachable(error.to_string()),
    };
    DeliveryAnswer { result: Err(failure), status, retry_after: None }
}
