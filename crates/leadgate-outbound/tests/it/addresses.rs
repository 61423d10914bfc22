//! No connection is made to an address that is not of the public internet, whatever a name stood for when the rules were read.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use leadgate_outbound::dialing::LookUp;
use leadgate_testkit::TestReceiver;
use serde_json::json;

use crate::courier::{content, deliver_looking_up, webhook_rules};

/// Every name stands for these addresses.
pub(crate) struct Always(Vec<IpAddr>);

#[async_trait]
impl LookUp for Always {
    async fn look_up(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

pub(crate) fn always(addresses: &[&str]) -> Arc<Always> {
    Arc::new(Always(addresses.iter().map(|address| address.parse().unwrap()).collect()))
}

/// Addresses to which a name may be made to lead; those of the same list that a URL can only spell are refused when the rules are read.
const FORBIDDEN: &[&str] = &[
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:0:808:808::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

#[tokio::test]
async fn a_name_that_leads_inside_is_not_dialled() {
    assert!(FORBIDDEN.len() >= 40);
    for address in FORBIDDEN {
        let rules = webhook_rules("https://hooks.example.com/x", "");
        let answer = deliver_looking_up(&rules, content(), always(&[address])).await;
        assert_eq!(answer.class(), "forbidden_address", "{address}: {answer:?}");
    }
}

#[tokio::test]
async fn a_mail_server_inside_is_not_dialled_either() {
    for address in FORBIDDEN {
        let rules = "[destinations.it]\nkind = \"email\"\nsmtp = \"smtps://smtp.example.com\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]";
        let answer = deliver_looking_up(rules, json!({"subject": "x", "text": "y"}), always(&[address])).await;
        assert_eq!(answer.class(), "forbidden_address", "{address}: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_allowed_is_dialled_and_what_is_not_beside_it_is_left_out() {
    let receiver = TestReceiver::start().await;
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    let url = format!("http://hooks.internal:{port}/x");
    let rules = webhook_rules(&url, "allow = [\"127.0.0.1\"]\nplain_http = true");
    let answer = deliver_looking_up(&rules, content(), always(&["10.0.0.1", "127.0.0.1"])).await;
    assert_eq!((answer.class(), receiver.received().len()), ("ok", 1));
    let elsewhere = deliver_looking_up(&rules, content(), always(&["127.0.0.2"])).await;
    assert_eq!((elsewhere.class(), receiver.received().len()), ("forbidden_address", 1));
}
