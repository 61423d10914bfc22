//! E-mail over SMTP. The server's name is looked up and checked like any other host; its certificate is checked against the name.

use std::net::IpAddr;
use std::time::Duration;

use leadgate_core::delivery::{DeliveryAnswer, DeliveryFailure, Parcel};
use leadgate_core::destinations::{EmailReceiver, Limits};
use lettre::Message;
use lettre::message::{Mailbox, header};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::dialing::{DialError, Guard};

/// The longest subject; what is longer is cut.
const LONGEST_SUBJECT: usize = 500;

/// How long a connection whose message was taken is left to end in order.
const GOODBYE: Duration = Duration::from_secs(5);

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
        let mut connection = match self.connect(&addresses).await {
            Ok(connection) => connection,
            Err(answer) => return answer,
        };
        match self.talk(&mut connection, &message).await {
            Ok(()) => {
                // The message is taken. A server that is slow to say goodbye must not make it look otherwise.
                tokio::spawn(async move { tokio::time::timeout(GOODBYE, connection.quit()).await });
                DeliveryAnswer { result: Ok(()), status: Some(250), retry_after: None }
            }
            Err(error) => judge(&error),
        }
    }

    /// To the first of the addresses that answers. Each has its share of the time, so that one that is silent does not use up what the others need.
    async fn connect(&self, addresses: &[IpAddr]) -> Result<AsyncSmtpConnection, DeliveryAnswer> {
        let share = self.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut last = DeliveryAnswer::failed(DeliveryFailure::Unreachable("its name has no address".to_owned()));
        for address in addresses {
            match tokio::time::timeout(share, self.dial(*address)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = judge(&error),
                Err(_) => last = DeliveryAnswer::failed(DeliveryFailure::TimedOut(share)),
            }
        }
        Err(last)
    }

    /// Connects to an address that was checked, whatever the name stands for a moment later.
    async fn dial(&self, address: IpAddr) -> Result<AsyncSmtpConnection, SmtpError> {
        let host = self.server.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let tls = Security::of(&self.server);
        let at = (address, self.server.port().unwrap_or(tls.usual_port()));
        let hello = ClientId::default();
        let wrapped = (tls == Security::Wrapped).then(|| TlsParameters::new(host.to_owned())).transpose()?;
        let mut connection = AsyncSmtpConnection::connect_tokio1(at, None, &hello, wrapped, None).await?;
        if tls == Security::StartTls {
            connection.starttls(TlsParameters::new(host.to_owned())?, &hello).await?;
        }
        Ok(connection)
    }

    async fn talk(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), SmtpError> {
        if let (false, Some(password)) = (self.server.username().is_empty(), self.server.password()) {
            let credentials = Credentials::new(decoded(self.server.username()), decoded(password));
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        connection.send(message.envelope(), &message.formatted()).await.map(drop)
    }
}

/// How the connection is made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Wrapped,
    /// TLS is demanded after the greeting.
    StartTls,
    /// None; only whoever says `?tls=none` gets this.
    Plain,
}

impl Security {
    fn of(server: &Url) -> Security {
        match server.scheme() {
            "smtps" => Security::Wrapped,
            _ if server.query() == Some("tls=none") => Security::Plain,
            _ => Security::StartTls,
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Security::Wrapped => 465,
            Security::StartTls => 587,
            Security::Plain => 25,
        }
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

/// User info of a URL as it was before it was put into one. The signs that mean something in a form, but not here, are kept from the form's reader.
fn decoded(text: &str) -> String {
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(text.as_bytes()).map(|(key, _)| key.into_owned()).collect()
}

fn judge(error: &SmtpError) -> DeliveryAnswer {
    let status = error.status().and_then(|code| code.to_string().parse().ok());
    let failure = match status {
        Some(code) if error.is_permanent() => DeliveryFailure::Refused(format!("the mail server answered {code}")),
        Some(code) => DeliveryFailure::Trouble(format!("the mail server answered {code}")),
        None if error.is_client() => DeliveryFailure::Refused(error.to_string()),
        None => DeliveryFailure::Unreachable(error.to_string()),
    };
    DeliveryAnswer { result: Err(failure), status, retry_after: None }
}
