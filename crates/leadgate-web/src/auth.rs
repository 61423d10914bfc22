//! Who is calling: app keys, compared by digest and in constant time.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use leadgate_store::model::{AppKey, Digest};
use leadgate_store::scopes::Scopes;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::error::ApiError;
use crate::state::Access;

/// The header for apps that cannot set `Authorization`.
pub const KEY_HEADER: &str = "x-leadgate-key";

/// The digest under which an app key is kept and compared.
pub fn key_digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The app that sent a request. Only `edge` makes one, after the key was checked, so a handler that asks for it cannot be reached without.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Its name, for the log.
    pub(crate) name: Arc<str>,
    /// The beginning of its key's digest: what repeats are told apart by.
    pub(crate) digest: Digest,
    /// What it may do.
    pub(crate) may: Scopes,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Caller>().cloned().ok_or(ApiError::KeyMissing)
    }
}

/// Says who is calling.
///
/// # Errors
/// [`ApiError::KeyMissing`] or [`ApiError::KeyUnknown`].
pub(crate) fn admit(access: &Access, headers: &HeaderMap) -> Result<Caller, ApiError> {
    match access {
        Access::OpenToAnyone => Ok(Caller { name: "anyone".into(), digest: Digest::default(), may: Scopes::ALL }),
        Access::Keys(keys) => known(keys, presented(headers).ok_or(ApiError::KeyMissing)?),
    }
}

/// Says who is calling, where the key may be the user name of basic authentication.
///
/// # Errors
/// [`ApiError::KeyMissing`] or [`ApiError::KeyUnknown`].
pub(crate) fn admit_write_key(access: &Access, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let user = headers.get(AUTHORIZATION).filter(|_| !headers.contains_key(KEY_HEADER)).and_then(basic_user);
    match (access, user) {
        (Access::Keys(keys), Some(user)) => known(keys, &user),
        _ => admit(access, headers),
    }
}

/// Says who is calling, where the key may come as clients of the CRM send theirs.
///
/// # Errors
/// [`ApiError::KeyMissing`] or [`ApiError::KeyUnknown`].
pub(crate) fn admit_crm_client(access: &Access, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = headers.get(AUTHORIZATION).filter(|_| !headers.contains_key(KEY_HEADER)).and_then(token);
    match (access, token) {
        (Access::Keys(keys), Some(token)) => known(keys, token),
        _ => admit(access, headers),
    }
}

/// `Token token=…`, with or without quotes.
fn token(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, parameter) = value.as_bytes().split_at_checked(6)?;
    let token = scheme.eq_ignore_ascii_case(b"token ").then(|| parameter.trim_ascii().strip_prefix(b"token="))??;
    Some(token.strip_prefix(b"\"").and_then(|token| token.strip_suffix(b"\"")).unwrap_or(token))
}

/// The user name of basic authentication, if its password is empty: a key with a password beside it is some other pair.
fn basic_user(value: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, pair) = value.as_bytes().split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let mut pair = STANDARD.decode(pair.trim_ascii()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    (colon + 1 == pair.len()).then(|| {
        pair.truncate(colon);
        pair
    })
}

/// The key as sent. The header that is ours alone goes first: a proxy in front may use the other one for itself.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(KEY_HEADER).map(HeaderValue::as_bytes).or_else(|| bearer(headers.get(AUTHORIZATION)?.as_bytes()))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

fn known(keys: &[AppKey], presented: &[u8]) -> Result<Caller, ApiError> {
    let digest: [u8; 32] = Sha256::digest(presented).into();
    let mut found = None;
    // Every key is compared, so that the time taken says nothing about which one is near.
    for key in keys {
        if bool::from(key.digest.ct_eq(&digest)) {
            found = Some(key);
        }
    }
    let key = found.ok_or(ApiError::KeyUnknown)?;
    let mut prefix = Digest::default();
    prefix.copy_from_slice(&digest[..16]);
    Ok(Caller { name: key.name.as_str().into(), digest: prefix, may: key.may })
}
