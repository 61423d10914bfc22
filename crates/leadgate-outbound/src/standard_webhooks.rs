//! Signatures by the Standard Webhooks specification, version 1.0.0: `v1` is HMAC-SHA256 with a shared secret, `v1a` ed25519 with a private key.
//! What is signed is `id.timestamp.body`; every key signs, so that a receiver can move from one to the next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use leadgate_core::destinations::SigningKey;
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use secrecy::ExposeSecret as _;

/// The header with the id, the same for every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the moment of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// A message to sign.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its id.
    pub id: &'a str,
    /// The moment of the attempt.
    pub sent_at: Timestamp,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// The value of [`SIGNATURE_HEADER`]; `None` if a key is no key.
pub fn signatures(message: &Message<'_>, keys: &[SigningKey]) -> Option<String> {
    let content = signed_content(message);
    let signed: Option<Vec<String>> = keys.iter().map(|key| sign(&content, key)).collect();
    Some(signed?.join(" "))
}

fn signed_content(message: &Message<'_>) -> Vec<u8> {
    let mut content = format!("{}.{}.", message.id, message.sent_at.as_second()).into_bytes();
    content.extend_from_slice(message.body);
    content
}

fn sign(content: &[u8], key: &SigningKey) -> Option<String> {
    match key {
        SigningKey::Shared(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret());
            Some(format!("v1,{}", STANDARD.encode(hmac::sign(&key, content))))
        }
        SigningKey::Private(seed) => {
            let key = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret()).ok()?;
            Some(format!("v1a,{}", STANDARD.encode(key.sign(content))))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::SecretSlice;

    use super::*;

    fn key(text: &str) -> SigningKey {
        let (prefix, encoded) = text.split_once('_').unwrap();
        let bytes = SecretSlice::from(STANDARD.decode(encoded).unwrap());
        if prefix == "whsec" { SigningKey::Shared(bytes) } else { SigningKey::Private(bytes) }
    }

    /// The vectors that the project of the specification tests its own libraries with, and the example in its text.
    const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SHARED_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
    const PRIVATE_SIGNATURE: &str =
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";

    #[rstest]
    #[case::shared(&[SHARED], &[SHARED_SIGNATURE])]
    #[case::private(&[PRIVATE], &[PRIVATE_SIGNATURE])]
    #[case::rotation(&[SHARED, PRIVATE, SHARED], &[SHARED_SIGNATURE, PRIVATE_SIGNATURE, SHARED_SIGNATURE])]
    fn the_published_vectors(#[case] keys: &[&str], #[case] expected: &[&str]) {
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            sent_at: Timestamp::from_second(1_614_265_330).unwrap(),
            body: br#"{"test": 2432232314}"#,
        };
        let keys: Vec<SigningKey> = keys.iter().map(|text| key(text)).collect();
        assert_eq!(signatures(&message, &keys).unwrap(), expected.join(" "));
    }

    #[test]
    fn the_moment_is_signed_in_whole_seconds() {
        let message = |nanosecond| Message {
            id: "msg_1",
            sent_at: Timestamp::new(1_614_265_330, nanosecond).unwrap(),
            body: b"{}",
        };
        let keys = [key(SHARED)];
        assert_eq!(signatures(&message(0), &keys), signatures(&message(999_999_999), &keys));
    }
}
