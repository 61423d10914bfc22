//! [`Courier`]: the port to the receivers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use leadgate_core::delivery::{DeliveryAnswer, DeliveryFailure, Outbound, Parcel};
use leadgate_core::destinations::{Destination, Destinations, Receiver};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use crate::dialing::{Guard, LookUp, SystemLookUp};
use crate::http::Poster;
use crate::mail::Mailer;
use crate::slack;
use crate::webhook::{self, Letter};

/// Hands deliveries to the destinations of the rules.
pub struct Courier {
    ways: BTreeMap<String, Way>,
    look_up: Arc<dyn LookUp>,
}

/// A destination and its connections, which are set up when they are first needed.
struct Way {
    destination: Arc<Destination>,
    sender: OnceCell<Result<Sender, String>>,
}

enum Sender {
    Http(Poster),
    Mail(Mailer),
}

impl Sender {
    fn to(destination: &Destination, look_up: Arc<dyn LookUp>) -> Result<Sender, String> {
        let Destination { receiver, allowed, limits, .. } = destination;
        let guard = Guard::new(look_up, allowed);
        let poster = |url: &SecretString| Poster::new(url.expose_secret(), guard.clone(), limits).map(Sender::Http);
        match receiver {
            Receiver::Slack { url } => poster(url),
            Receiver::Webhook(receiver) => poster(&receiver.url),
            Receiver::Email(receiver) => Mailer::new(receiver, guard.clone(), limits).map(Sender::Mail),
        }
    }
}

impl Courier {
    /// A courier to these destinations.
    pub fn new(destinations: &Destinations) -> Courier {
        Courier::with_look_up(destinations, Arc::new(SystemLookUp))
    }

    /// The same with another way to look names up.
    pub fn with_look_up(destinations: &Destinations, look_up: Arc<dyn LookUp>) -> Courier {
        let way =
            |destination: &Arc<Destination>| Way { destination: Arc::clone(destination), sender: OnceCell::new() };
        let ways = destinations.iter().map(|(name, destination)| (name.to_owned(), way(destination)));
        Courier { ways: ways.collect(), look_up }
    }

    async fn sender<'a>(&self, way: &'a Way) -> Result<&'a Sender, DeliveryFailure> {
        let (destination, look_up) = (Arc::clone(&way.destination), Arc::clone(&self.look_up));
        let sender = set_up_once(&way.sender, move || Sender::to(&destination, look_up)).await?;
        sender.as_ref().map_err(|why| DeliveryFailure::Unusable(why.clone()))
    }

    async fn send(&self, parcel: Parcel) -> Result<DeliveryAnswer, DeliveryFailure> {
        let unusable = |why: &str| DeliveryFailure::Unusable(why.to_owned());
        let way = self.ways.get(&parcel.destination);
        let way = way.ok_or_else(|| unusable("the rules file has no destination of this name"))?;
        let sender = self.sender(way).await?;
        match (sender, &way.destination.receiver) {
            (Sender::Http(poster), Receiver::Webhook(receiver)) => {
                Ok(poster.post(webhook::letter(&parcel, receiver)?, parcel.sent_at).await)
            }
            (Sender::Http(poster), _) => Ok(poster.post(slack_letter(&parcel)?, parcel.sent_at).await),
            (Sender::Mail(mailer), _) => Ok(mailer.send(&parcel).await),
        }
    }
}

/// Set up once, on a thread that may block: reading the system's certificates takes as long as some requests. What broke off is not kept, so that
/// the next delivery sets up anew.
async fn set_up_once<T: Send + 'static>(
    cell: &OnceCell<T>,
    set_up: impl FnOnce() -> T + Send + 'static,
) -> Result<&T, DeliveryFailure> {
    let broke_off = |_| {
        DeliveryFailure::Unreachable("setting up its connection broke off inside the gateway; see its log".to_owned())
    };
    cell.get_or_try_init(|| async { tokio::task::spawn_blocking(set_up).await.map_err(broke_off) }).await
}

fn slack_letter(parcel: &Parcel) -> Result<Letter, DeliveryFailure> {
    let body = parcel.content.as_object().and_then(slack::body);
    let body = body.ok_or_else(|| DeliveryFailure::Unusable("the content has neither text nor blocks".to_owned()))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Letter { headers, body: body.to_string().into_bytes() })
}

#[async_trait]
impl Outbound for Courier {
    async fn deliver(&self, parcel: Parcel) -> DeliveryAnswer {
        self.send(parcel).await.unwrap_or_else(DeliveryAnswer::failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_set_up_that_broke_off_is_done_again() {
        let cell = OnceCell::new();
        let broken = set_up_once(&cell, || panic!("a certificate that nobody can read")).await;
        assert!(matches!(broken, Err(DeliveryFailure::Unreachable(_))), "{broken:?}");
        assert_eq!(set_up_once(&cell, || 7).await, Ok(&7));
        assert_eq!(set_up_once(&cell, || 8).await, Ok(&7), "set up once");
    }
}
