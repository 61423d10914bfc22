//! The API key: a secret that is checked once and never printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::CredentialsError;

/// What people paste before the key itself; compared without case, in this order.
const PASTED_PREFIXES: [&str; 3] = ["authorization:", "token token=", "token="];

/// An API key of one CRM user. It has exactly that user's rights (source: official page, #authentication).
///
/// `Debug` prints a placeholder; there is no `Display`.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Reads a key as people paste it: surrounding white space, quotes and a pasted `Authorization: Token token=` are taken off.
    ///
    /// # Errors
    /// An empty key, white space or foreign characters inside, or a web address.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let key = strip_pasted(text);
        if key.is_empty() {
            return Err(CredentialsError::EmptyKey);
        }
        if key.contains(char::is_whitespace) {
            return Err(CredentialsError::KeyHasWhiteSpace);
        }
        if looks_like_address(key) {
            return Err(CredentialsError::KeyLooksLikeAddress);
        }
        if !key.chars().all(may_be_in_key) {
            return Err(CredentialsError::KeyHasForeignCharacter);
        }
        Ok(Self(SecretString::from(key)))
    }

    /// The key itself, for the header. Do not log it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(hidden)")
    }
}

/// Takes surrounding quotes, white space and pasted prefixes off until nothing changes.
fn strip_pasted(text: &str) -> &str {
    let mut key = strip_quotes(text);
    while let Some(rest) = PASTED_PREFIXES.iter().find_map(|prefix| strip_prefix_ignoring_case(key, prefix)) {
        key = strip_quotes(rest);
    }
    key
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Takes white space and quotes, straight or typographic, off both ends.
pub(super) fn strip_quotes(text: &str) -> &str {
    text.trim_matches(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '`' | '“' | '”' | '‘' | '’'))
}

fn looks_like_address(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.contains("://") || key.contains(".freshsales.io") || key.contains("freshworks.com")
}

/// Keys seen are url-safe base64; any other visible ASCII is let through except what only quoting and templates have.
fn may_be_in_key(sign: char) -> bool {
    sign.is_ascii_graphic() && !matches!(sign, '"' | '\'' | '`' | '<' | '>' | '{' | '}' | '[' | ']' | '(' | ')')
}
