//! The secret of a notification: a header of ours, a header that people use, `Authorization` in any of its forms, or the query, because the CRM's
//! screen offers all of these. Compared by digest and in constant time, before anything else of the request is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use leadgate_store::model::Digest;
use leadgate_store::scopes::Scopes;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::auth::Caller;
use crate::error::ApiError;

const HEADERS: [&str; 3] = ["x-leadgate-secret", "x-freshsales-webhook-secret", "x-freshsales-secret"];
const PARAMETERS: [&str; 2] = ["secret", "token"];

/// Whether one of what was presented is one of the secrets.
pub(crate) fn admit(secrets: &[[u8; 32]], headers: &HeaderMap, query: Option<&str>) -> Result<Caller, ApiError> {
    if secrets.is_empty() {
        return Err(ApiError::NoSecrets);
    }
    let mut is_known = Choice::from(0);
    for presented in presented(headers, query) {
        let digest: [u8; 32] = Sha256::digest(&presented).into();
        // All are compared, so that the time taken says nothing about which one is near.
        for secret in secrets {
            is_known |= secret.ct_eq(&digest);
        }
    }
    if !bool::from(is_known) {
        return Err(ApiError::SecretWrong);
    }
    Ok(Caller { name: "the CRM".into(), digest: Digest::default(), may: Scopes::ALL })
}

/// Everything that could be the secret.
fn presented(headers: &HeaderMap, query: Option<&str>) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> =
        HEADERS.iter().filter_map(|name| Some(headers.get(*name)?.as_bytes().trim_ascii().to_vec())).collect();
    if let Some(value) = headers.get(AUTHORIZATION) {
        found.extend(authorization(value.as_bytes().trim_ascii()));
    }
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if PARAMETERS.contains(&&*name) {
            found.push(value.trim().as_bytes().to_vec());
        }
    }
    found
}

/// Bare, behind a scheme, as `token=…`, or as the password of a user.
fn authorization(value: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![value.to_vec()];
    let Some(at) = value.iter().position(|byte| *byte == b' ') else { return found };
    let (scheme, rest) = (&value[..at], value[at..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"basic") {
        found.extend(STANDARD.decode(rest).ok().and_then(|pair| {
            let colon = pair.iter().position(|byte| *byte == b':')?;
            Some(pair[colon + 1..].to_vec())
        }));
    } else {
        let rest = rest.strip_prefix(b"token=").unwrap_or(rest);
        let quoted = rest.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        found.push(quoted.unwrap_or(rest).to_vec());
    }
    found
}
