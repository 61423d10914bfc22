//! Bodies packed with gzip, as analytics libraries can send them. What they unpack to is bounded, so that a small body cannot become a large one.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::ApiError;

/// Whether the body is packed.
///
/// # Errors
/// [`ApiError::NotJson`] if it is packed in another way than with gzip.
pub(super) fn is_packed(headers: &HeaderMap) -> Result<bool, ApiError> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes().to_ascii_lowercase());
    match (encodings.next().as_deref(), encodings.next()) {
        (None | Some(b"identity"), None) => Ok(false),
        (Some(b"gzip" | b"x-gzip"), None) => Ok(true),
        _ => Err(ApiError::NotJson(
            "the body is compressed in a way that is not understood here; send it plain or with gzip",
        )),
    }
}

/// What is inside, up to a limit in bytes.
///
/// # Errors
/// [`ApiError::BodyTooLarge`] if there is more, [`ApiError::NotGzip`] if it is not gzip or was cut short.
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed).take(one_more).read_to_end(&mut bytes).map_err(|_| ApiError::NotGzip)?;
    if bytes.len() > limit { Err(ApiError::BodyTooLarge(limit)) } else { Ok(bytes) }
}
