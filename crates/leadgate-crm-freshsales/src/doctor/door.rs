//! At the door: every address that the configured one may mean, with the key; then what proves something about the answer.

use freshsales::Generation;
use freshsales::detect::{Probe, probes};
use leadgate_core::doctor::observed::{AccessSeen, Came, ClockSeen, Knock};
use leadgate_core::doctor::{accepted, asks_on};
use url::Url;

use super::{Examination, Inside};
use crate::wire::{Ask, Wire};

/// A list that accounts of both generations have.
const ANY_ACCOUNT_HAS: &str = "selector/owners";

pub(super) async fn knock(examination: &Examination, wire: &Wire) -> AccessSeen {
    let address = examination.credentials.address();
    let mut seen = AccessSeen {
        address: address.to_string(),
        noted_account: examination.noted_account.clone(),
        ..AccessSeen::default()
    };
    let candidates = probes(address, None);
    let one_host = candidates.windows(2).all(|pair| pair[0].root.host_str() == pair[1].root.host_str());
    for Probe { generation, root, path, .. } in candidates {
        let answer = wire.ask(&root, Ask::get(path)).await.answer();
        let goes_on = asks_on(&answer, one_host);
        seen.with_key.push(Knock { generation: generation.to_string(), root: plain(&root), answer });
        if accepted(&seen.with_key).is_some() {
            seen.without_key = Some(wire.ask(&root, Ask::get(path).without_key()).await.answer());
            return seen;
        }
        if !goes_on {
            break;
        }
    }
    if let (Some(generation), [knock]) = (address.generation(), seen.with_key.as_slice())
        && may_be_elsewhere(knock)
    {
        seen.elsewhere = knock_elsewhere(wire, generation, knock).await;
    }
    seen
}

/// The address whose account let the key in, and what its answer says of the clock.
pub(super) fn let_in(knocks: &[Knock]) -> Option<(Inside, Option<ClockSeen>)> {
    let knock = accepted(knocks)?;
    let root = Url::parse(&knock.root).ok()?;
    let of_suite = knock.generation == Generation::Suite.to_string();
    let generation = if of_suite { Generation::Suite } else { Generation::Classic };
    Some((Inside { generation, root }, knock.answer.clock()))
}

fn plain(root: &Url) -> String {
    root.as_str().trim_end_matches('/').to_owned()
}

/// A host that does not have the account says 404, throttles everything (seen in the wild), or is not there.
fn may_be_elsewhere(knock: &Knock) -> bool {
    match &knock.answer.came {
        Came::Reply(reply) => matches!(reply.status, 404 | 429),
        Came::NoConnection => true,
        Came::TimedOut | Came::Broke => false,
    }
}

/// The same account at the other generation's address. The key does not go there: it may be somebody else's.
async fn knock_elsewhere(wire: &Wire, generation: Generation, knock: &Knock) -> Option<Knock> {
    let (other, root) = other_address(generation, &knock.root)?;
    let answer = wire.ask(&root, Ask::get(ANY_ACCOUNT_HAS).without_key()).await.answer();
    Some(Knock { generation: other.to_string(), root: plain(&root), answer })
}

/// `acme.freshsales.io/api` is `acme.myfreshworks.com/crm/sales/api` in the other generation; other servers differ in the path only.
fn other_address(generation: Generation, root: &str) -> Option<(Generation, Url)> {
    let mut url = Url::parse(root).ok()?;
    let (other, path, domain) = match generation {
        Generation::Classic => (Generation::Suite, "/crm/sales/api", "myfreshworks.com"),
        Generation::Suite => (Generation::Classic, "/api", "freshsales.io"),
    };
    let host = url.host_str()?.to_owned();
    let product = [".freshsales.io", ".myfreshworks.com", ".freshworks.com"];
    if let Some(label) = product.iter().find_map(|domain| host.strip_suffix(domain)) {
        url.set_host(Some(&format!("{label}.{domain}"))).ok()?;
    }
    url.set_path(path);
    Some((other, url))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Generation::Classic, "https://acme.freshsales.io/api", "https://acme.myfreshworks.com/crm/sales/api")]
    #[case(Generation::Suite, "https://acme.freshworks.com/crm/sales/api", "https://acme.freshsales.io/api")]
    #[case(Generation::Suite, "http://127.0.0.1:8401/crm/sales/api", "http://127.0.0.1:8401/api")]
    fn the_same_account_in_the_other_generation(#[case] from: Generation, #[case] root: &str, #[case] other: &str) {
        assert_eq!(other_address(from, root).unwrap().1.as_str(), other);
    }
}
