//! Identities: when two spellings are the same person or company.
//!
//! An e-mail is compared trimmed and lower-cased, a phone as E.164, a company name with its white space folded and lower-cased. What jobs are
//! ordered by and what the gateway remembers is an [`IdentityKey`], a digest, so that no queue or cache holds an address.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::record::RecordRef;

/// The longest address that SMTP can carry (RFC 5321, 4.5.3.1.3: 256 octets with the angle brackets).
const LONGEST_EMAIL: usize = 254;

/// Why a text is no identity. The text itself is never repeated, so that it cannot reach a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not an e-mail address.
    #[error("is not an e-mail address; send one address such as name@example.com")]
    Email,
    /// Longer than a mail server would take.
    #[error("is longer than the 254 characters an e-mail address can have")]
    EmailTooLong,
}

/// An e-mail address, normalised: trimmed, lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads an address. Case and surrounding white space do not matter.
    ///
    /// # Errors
    /// [`IdentityError`] if it is not one address.
    pub fn parse(text: &str) -> Result<Email, IdentityError> {
        let text = text.trim();
        if text.len() > LONGEST_EMAIL {
            return Err(IdentityError::EmailTooLong);
        }
        let options = email_address::Options::default().without_display_text().without_domain_literal();
        email_address::EmailAddress::parse_with_options(text, options).map_err(|_| IdentityError::Email)?;
        Ok(Email(text.to_lowercase()))
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Email::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

/// A phone number: as typed, and as E.164 where it could be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    typed: String,
    e164: Option<String>,
}

impl Phone {
    /// Reads a number. `region` (ISO 3166 alpha-2, such as `DE`) says how to read one without a country code.
    ///
    /// Never fails: what cannot be understood is carried as typed and identifies nobody.
    pub fn parse(text: &str, region: Option<&str>) -> Phone {
        let typed = text.trim().to_owned();
        let country = region.and_then(|code| code.parse::<phonenumber::country::Id>().ok());
        let e164 = phonenumber::parse(country, &typed)
            .ok()
            .filter(phonenumber::is_valid)
            .map(|number| number.format().mode(phonenumber::Mode::E164).to_string())
            .or_else(|| plain_international(&typed));
        Phone { typed, e164 }
    }

    /// The number in E.164, if it could be understood.
    pub fn e164(&self) -> Option<&str> {
        self.e164.as_deref()
    }

    /// What is written to the CRM: E.164 if understood, else as typed.
    pub fn to_write(&self) -> &str {
        self.e164.as_deref().unwrap_or(&self.typed)
    }
}

/// A number that starts with `+` and has a plausible length is one even where the numbering plan at hand does not know it yet.
fn plain_international(typed: &str) -> Option<String> {
    let digits: String =
        typed.strip_prefix('+')?.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let plausible = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plausible.then(|| format!("+{digits}"))
}

/// What jobs are ordered by and the gateway remembers people under: a digest of a normalised identity, or a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdentityKey(String);

impl IdentityKey {
    /// The key of an e-mail address.
    pub fn of_email(email: &Email) -> IdentityKey {
        IdentityKey::digest("email", email.as_str())
    }

    /// The key of a phone number; none for a number that could not be understood.
    pub fn of_phone(phone: &Phone) -> Option<IdentityKey> {
        phone.e164().map(|number| IdentityKey::digest("phone", number))
    }

    /// The key of a company by its name.
    pub fn of_company(name: &str) -> IdentityKey {
        let folded = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        IdentityKey::digest("company", &folded)
    }

    /// The key of a record that is already known by id.
    pub fn of_record(record: RecordRef) -> IdentityKey {
        IdentityKey(format!("{}:{}", record.kind.name(), record.id))
    }

    /// A key as a store kept it.
    pub fn from_stored(text: String) -> IdentityKey {
        IdentityKey(text)
    }

    /// The text that stores keep.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(kind: &str, value: &str) -> IdentityKey {
        let digest = Sha256::digest(value.as_bytes());
        let mut text = String::with_capacity(kind.len() + 33);
        text.push_str(kind);
        text.push(':');
        let half = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        digest[..16].iter().for_each(|byte| text.extend([half(byte >> 4), half(byte & 15)]));
        IdentityKey(text)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::case_and_space("  Ada@Example.COM ", "ada@example.com")]
    #[case::plus_is_kept("ada+web@example.com", "ada+web@example.com")]
    fn one_address_has_one_spelling(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(Email::parse(typed).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_at("ada.example.com")]
    #[case::two("a@example.com,b@example.com")]
    #[case::named("Ada <ada@example.com>")]
    #[case::header_injection("ada@example.com\r\nBcc: all@example.com")]
    #[case::nul("ada@exam\0ple.com")]
    fn what_is_no_address_is_refused(#[case] typed: &str) {
        assert_eq!(Email::parse(typed), Err(IdentityError::Email));
    }

    #[rstest]
    #[case::spaced("+49 30 901820", None, Some("+4930901820"))]
    #[case::punctuated("+1 (415) 555-2671", None, Some("+14155552671"))]
    #[case::national("030 901820", Some("DE"), Some("+4930901820"))]
    #[case::national_without_region("030 901820", None, None)]
    #[case::words("call me", Some("DE"), None)]
    fn a_phone_is_compared_as_e164(#[case] typed: &str, #[case] region: Option<&str>, #[case] expected: Option<&str>) {
        assert_eq!(Phone::parse(typed, region).e164(), expected);
    }

    #[test]
    fn keys_tell_kinds_apart_and_hold_no_address() {
        let email = IdentityKey::of_email(&Email::parse("ada@example.com").unwrap());
        assert!(email.as_str().starts_with("email:") && !email.as_str().contains("ada"));
        assert_eq!(IdentityKey::of_company("Acme  Corp"), IdentityKey::of_company(" acme corp"));
    }

    proptest::proptest! {
        #[test]
        fn parsing_is_stable(text in "\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                proptest::prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
            let phone = Phone::parse(&text, Some("DE"));
            if let Some(number) = phone.e164() {
                let again = Phone::parse(number, None);
                proptest::prop_assert_eq!(again.e164(), Some(number));
            }
        }
    }
}
