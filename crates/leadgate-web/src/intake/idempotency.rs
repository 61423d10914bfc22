//! The `Idempotency-Key` header, as in the IETF draft: a structured field's string, or the bare key that many clients send.

use http::HeaderMap;

use crate::error::ApiError;

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// The key, if one was sent. `"abc"` and `abc` are the same key.
///
/// # Errors
/// [`ApiError::IdempotencyKeyMalformed`]. A key that is not understood is never taken for no key, for then a retry would not be recognised.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut sent = headers.get_all(HEADER).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(ApiError::IdempotencyKeyMalformed);
    }
    let text = value.to_str().map_err(|_| ApiError::IdempotencyKeyMalformed)?.trim_matches([' ', '\t']);
    parse(text).map(Some).ok_or(ApiError::IdempotencyKeyMalformed)
}

fn parse(text: &str) -> Option<String> {
    let key = match text.strip_prefix('"') {
        Some(rest) => quoted(rest)?,
        None => text.to_owned(),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && (1..=LONGEST).contains(&key.len())).then_some(key)
}

/// What follows an opening quote: up to the closing one, which must be the last character. Only `"` and `\` are escaped (RFC 9651, 3.3.3).
fn quoted(rest: &str) -> Option<String> {
    let mut key = String::with_capacity(rest.len());
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|character| matches!(character, '"' | '\\'))?),
            character => key.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", Some("8e03978e-40d5-43dd-bc93-6894a57f9324"))]
    #[case("8e03978e", Some("8e03978e"))]
    #[case("  \"a\"  ", Some("a"))]
    #[case(r#""a\"b\\c""#, Some(r#"a"b\c"#))]
    #[case("", None)]
    #[case("\"\"", None)]
    #[case("\"open", None)]
    #[case("\"a\"b", None)]
    #[case("\"a\";p=1", None)]
    #[case(r#""a\b""#, None)]
    #[case("two keys", None)]
    fn one_key_or_none(#[case] header: &str, #[case] key: Option<&str>) {
        assert_eq!(parse(header.trim()).as_deref(), key);
    }

    #[test]
    fn length_is_bounded() {
        assert!(parse(&"k".repeat(255)).is_some());
        assert!(parse(&"k".repeat(256)).is_none());
    }

    #[test]
    fn two_headers_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(HEADER, HeaderValue::from_static("a"));
        headers.append(HEADER, HeaderValue::from_static("b"));
        assert!(read(&headers).is_err());
    }

    proptest! {
        #[test]
        fn quoting_keeps_every_key(key in "[!-~]{1,255}") {
            let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(parse(&quoted), Some(key));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
