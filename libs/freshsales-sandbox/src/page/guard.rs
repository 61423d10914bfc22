//! Who may see the page, and whose forms are taken.
//!
//! Without a key the page is shown only where everything is on this machine: the sandbox listens on a loopback address,
//! the visitor comes from one, names one as the host, and no proxy passed the request on. In every other case the
//! account's key opens it, and a cookie of this process remembers that. A form counts only with this process's token
//! and from a page of the same origin.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use maud::html;
use rand::TryRngCore;
use rand::rngs::OsRng;

use super::layout;
use super::visit::Visit;
use crate::accounts::{self, is_loopback_name, name_of};
use crate::model::State;
use crate::wire::Reply;

/// The secrets of this process and what it listens on.
pub(crate) struct Guard {
    token: String,
    /// What the cookie of a visitor holds who gave an account's key, by the account's name.
    sessions: Mutex<BTreeMap<String, String>>,
    addr: SocketAddr,
}

const FORWARDING: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Whether a proxy passed a request on, whose own address then says nothing of the caller's.
pub(crate) fn was_forwarded(headers: &HeaderMap) -> bool {
    FORWARDING.iter().any(|name| headers.contains_key(*name))
}

impl Guard {
    /// Draws the secrets.
    pub(crate) fn new(addr: SocketAddr) -> io::Result<Self> {
        Ok(Self { token: secret()?, sessions: Mutex::default(), addr })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Whether this visitor has yet to give the account's key.
    pub(super) fn needs_key(&self, state: &State, peer: SocketAddr, parts: &Parts, host: &str) -> bool {
        let here = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        let local = here(self.addr) && here(peer) && is_loopback_name(host) && !was_forwarded(&parts.headers);
        !local && !self.has_session(state, parts)
    }

    /// Ports of one host share their cookies, so the name has the port in it.
    fn cookie(&self) -> String {
        format!("sandbox-{}", self.addr.port())
    }

    fn has_session(&self, state: &State, parts: &Parts) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = sessions.get(&state.config.subdomain) else { return false };
        let sent = parts.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = sent.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie() && same_secret(value, session))
    }

    /// Draws it for the first visitor who gives the account's key.
    fn session_of(&self, state: &State) -> io::Result<String> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&state.config.subdomain) {
            return Ok(session.clone());
        }
        let session = secret()?;
        sessions.insert(state.config.subdomain.clone(), session.clone());
        Ok(session)
    }

    /// Whether a form comes from a page of this process: its token, and what the browser says of the origin.
    pub(super) fn is_same_origin(&self, parts: &Parts, visit: &Visit) -> bool {
        let header = |name: &'static str| parts.headers.get(HeaderName::from_static(name)).map(|value| value.to_str());
        let site = header("sec-fetch-site").map(|site| site.is_ok_and(|site| site == "same-origin"));
        let origin = header("origin").map(|origin| {
            let named = origin.ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            named.is_some_and(|host| host.eq_ignore_ascii_case(&visit.host))
        });
        let stated = site.is_some() || origin.is_some();
        let token = visit.field("token").is_some_and(|token| same_secret(token, &self.token));
        token && stated && site.unwrap_or(true) && origin.unwrap_or(true)
    }

    /// Takes the key from the form of the sign-in page.
    pub(super) fn sign_in(&self, state: &State, visit: &Visit) -> Reply {
        let given = visit.field("key").unwrap_or_default();
        if !same_secret(given, &state.config.key) {
            return sign_in_page(state, visit, Some("This is not the account's key."));
        }
        let Ok(session) = self.session_of(state) else {
            return sign_in_page(state, visit, Some("This machine gives no random numbers. Try again."));
        };
        let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Strict", self.cookie());
        layout::redirect("/").with_header("set-cookie", cookie)
    }
}

/// 32 hexadecimal digits that nobody can guess.
fn secret() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes as long for a secret that begins right as for one that does not.
fn same_secret(given: &str, secret: &str) -> bool {
    let different = given.bytes().zip(secret.bytes()).fold(0, |different, (one, other)| different | (one ^ other));
    given.len() == secret.len() && different == 0
}

/// Names of the account and bare addresses. Another name that leads here is somebody else's, and its pages must not be
/// able to read this one.
pub(super) fn is_own_host(state: &State, host: &str) -> bool {
    accounts::names(&state.config.subdomain, host) || name_of(host).parse::<IpAddr>().is_ok()
}

/// The page that asks for the key.
pub(super) fn sign_in_page(state: &State, visit: &Visit, refused: Option<&str>) -> Reply {
    let content = html! {
        h1 { "Sign in" }
        p { "This sandbox can be reached from other machines, so its page asks for the account's API key." }
        @if let Some(refused) = refused { p.problem role="alert" { (refused) } }
        form.stack method="post" action="/-/sign-in" {
            (layout::token(visit))
            label { "API key" input type="password" name="key" autocomplete="current-password" required autofocus; }
            button { "Sign in" }
        }
    };
    layout::bare(state, StatusCode::UNAUTHORIZED, "Sign in", &content)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1:80", true)]
    #[case("localhost", true)]
    #[case("Globex.localhost:9000", true)]
    #[case("localhost.example.com", false)]
    #[case("[::1]:9000", true)]
    #[case("acme.freshsales.io", false)]
    #[case("127.0.0.1.example.com", false)]
    #[case("192.168.0.4:80", false)]
    #[case("", false)]
    fn loopback_is_known_by_name_and_address(#[case] host: &str, #[case] loopback: bool) {
        assert_eq!(is_loopback_name(host), loopback);
    }

    #[test]
    fn secrets_differ_and_compare() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert!(same_secret(&one, &one) && !same_secret(&one, &other) && !same_secret("", &one));
    }
}
