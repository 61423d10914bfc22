//! Who posts: the page's origin and the sender's address, as far as they can be known.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::header::{ORIGIN, REFERER};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use leadgate_core::forms::Form;
use url::Url;

use crate::error::ApiError;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The longest address of a page that is kept.
const LONGEST_PAGE: usize = 2000;

/// The origin as the browser says it: in `Origin`, or else in the page's address.
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    match headers.get(ORIGIN) {
        Some(origin) => Some(origin.to_str().unwrap_or_default().to_owned()),
        None => Some(Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?.origin().ascii_serialization()),
    }
}

/// Whether a page of this origin may post. A browser cannot be made to lie about it by a page; a program can say what it likes.
pub(super) fn check_origin(form: &Form, origin: Option<&str>) -> Result<(), ApiError> {
    let admitted = origin.map_or_else(|| form.admits_any_origin(), |origin| form.admits(origin));
    if admitted { Ok(()) } else { Err(ApiError::OriginRefused) }
}

/// The address of the page, where it is one of the web.
pub(super) fn page(headers: &HeaderMap) -> Option<String> {
    let page = headers.get(REFERER)?.to_str().ok()?;
    let of_the_web = Url::parse(page).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    (of_the_web && page.len() <= LONGEST_PAGE).then(|| page.to_owned())
}

/// What one sender is counted by: its address; of IPv6 the network, since one household has a whole one.
pub(super) fn address(form: &Form, parts: &Parts) -> IpAddr {
    let forwarded = form.trust_forwarded_for.then(|| forwarded_for(&parts.headers)).flatten();
    let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    // A connection without an address is one of a test or of a socket without one: all of these are one sender.
    network(forwarded.or_else(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
}

/// The last entry: the one that the proxy in front wrote. Those before it are whatever the sender claims.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let entry = last.rsplit(',').next()?.trim();
    entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("203.0.113.7", "203.0.113.7")]
    #[case("::ffff:203.0.113.7", "203.0.113.7")]
    #[case("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    fn what_one_sender_is_counted_by(#[case] address: &str, #[case] expected: &str) {
        assert_eq!(network(address.parse().unwrap()).to_string(), expected);
    }

    #[rstest]
    #[case(&["203.0.113.7"], Some("203.0.113.7"))]
    #[case(&["1.1.1.1, 203.0.113.7"], Some("203.0.113.7"))]
    #[case(&["1.1.1.1", "2.2.2.2,203.0.113.7:4711"], Some("203.0.113.7"))]
    #[case(&["[2001:db8::1]:443"], Some("2001:db8::1"))]
    #[case(&["1.1.1.1, unknown"], None)]
    #[case(&[""], None)]
    fn the_proxys_own_word_counts(#[case] sent: &[&'static str], #[case] expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        assert_eq!(forwarded_for(&headers).map(|address| address.to_string()).as_deref(), expected);
    }
}
