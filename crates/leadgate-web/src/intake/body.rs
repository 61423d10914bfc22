//! Takes a body: JSON in UTF-8, within limits of size and time.

use std::time::Duration;

use axum::body::Body;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;

use crate::error::ApiError;

/// How much of a body that is too large is read and dropped, and for how long. A client that is cut off while it still sends would see a broken
/// connection instead of the answer.
const DROPPED_AT_MOST: usize = 2 * 1024 * 1024;
const DROPPED_WITHIN: Duration = Duration::from_secs(1);

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// Its size.
    pub(crate) bytes: usize,
    /// How long sending it may take.
    pub(crate) within: Duration,
}

/// Refuses what does not say that it is plain JSON in UTF-8.
pub(crate) fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    check_plain(headers)?;
    check_content_type(headers)
}

/// Refuses what says that it is compressed: stored as it came it would be unreadable.
pub(crate) fn check_plain(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(is_plain) { Ok(()) } else { Err(ApiError::Compressed) }
}

/// The same, for whatever is inside a packed body.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = declared.split_once(';').unwrap_or((declared, ""));
    if !is_json(kind.trim()) {
        return Err(ApiError::NotJson("the body must be JSON; send it with Content-Type: application/json"));
    }
    if parameters.split(';').all(is_utf8_if_charset) {
        Ok(())
    } else {
        Err(ApiError::NotJson("the body must be encoded as UTF-8; send it with Content-Type: application/json"))
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn is_utf8_if_charset(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            let charset = charset.trim().trim_matches('"');
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    }
}

/// Reads the body to its end.
pub(super) async fn read(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<Vec<u8>, ApiError> {
    utf8(read_bytes(headers, body, limits).await?)
}

/// The bytes, if they are UTF-8.
pub(super) fn utf8(bytes: Vec<u8>) -> Result<Vec<u8>, ApiError> {
    if std::str::from_utf8(&bytes).is_ok() { Ok(bytes) } else { Err(ApiError::NotUtf8) }
}

/// Reads the body to its end, whatever it holds.
pub(crate) async fn read_bytes(headers: &HeaderMap, mut body: Body, limits: BodyLimits) -> Result<Vec<u8>, ApiError> {
    let announced = announced_length(headers);
    let result = if announced.is_some_and(|length| length > limits.bytes) {
        Err(ApiError::BodyTooLarge(limits.bytes))
    } else {
        let capacity = announced.unwrap_or_default();
        tokio::time::timeout(limits.within, collect(&mut body, capacity, limits.bytes))
            .await
            .unwrap_or(Err(ApiError::BodyTooSlow))
    };
    // One that waits to be told to go on has sent nothing yet.
    if matches!(result, Err(ApiError::BodyTooLarge(_))) && !headers.contains_key(EXPECT) {
        let _ = tokio::time::timeout(DROPPED_WITHIN, drop_rest(&mut body)).await;
    }
    result
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(CONTENT_LENGTH)
        .map(HeaderValue::as_bytes)
        .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
}

async fn collect(body: &mut Body, capacity: usize, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::with_capacity(capacity);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ApiError::BodyCutShort)?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(ApiError::BodyTooLarge(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

async fn drop_rest(body: &mut Body) {
    let mut dropped = 0;
    while dropped < DROPPED_AT_MOST {
        let Some(Ok(frame)) = body.frame().await else { return };
        dropped += frame.data_ref().map_or(0, |data| data.len());
    }
}
