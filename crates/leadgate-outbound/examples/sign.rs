//! Prints the headers and the body of one webhook as they are sent, so that another implementation of the specification can check them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use leadgate_core::clock::Clock as _;
use leadgate_core::delivery::{Outbound as _, Parcel};
use leadgate_core::rules::Rules;
use leadgate_outbound::Courier;
use leadgate_testkit::TestReceiver;
use serde_json::json;

struct Now;

impl leadgate_core::clock::Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "another implementation refuses what is old")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[tokio::main]
async fn main() {
    let receiver = TestReceiver::start().await;
    let text = format!(
        "[destinations.it]\nkind = \"webhook\"\nurl = \"{}\"\nallow = [\"127.0.0.1\"]\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\", \
         \"whsec_b2xkIHNlY3JldCBvbGQgc2VjcmV0IG9sZA==\", \"whsk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=\"]",
        receiver.url()
    );
    let rules = Rules::parse(&text, &|_| None).unwrap();
    let content = json!({"type": "deal.stage_changed", "timestamp": Now.now(), "data": {"name": "Zoë & Söhne <GmbH>", "amount": 12.5}});
    let (id, destination) = ("msg_1".to_owned(), "it".to_owned());
    let parcel = Parcel { id, destination, content, sent_at: Now.now(), test: false };
    Courier::new(&rules.destinations).deliver(parcel).await.result.unwrap();
    let received = receiver.received().remove(0);
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, received.header(name)));
    let headers: std::collections::BTreeMap<_, _> = headers.into_iter().collect();
    println!("{}", json!({"headers": headers, "body": String::from_utf8_lossy(&received.raw)}));
}
