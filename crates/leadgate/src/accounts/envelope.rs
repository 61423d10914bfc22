//! Secrets at rest: each is sealed with a data key of its own, and the data key with the master key.
//!
//! A sealed secret is, in this order:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the form, 1 |
//! | 8 | which master key: the beginning of a digest of it |
//! | 12 + 32 + 16 | the data key under the master key: nonce, sealed, tag |
//! | 12 + n + 16 | the secret under the data key: nonce, sealed, tag |
//!
//! Both are ChaCha20-Poly1305 with the account's number and the purpose as associated data, so that what is moved to another account, or used for another
//! purpose, does not open. A new master key takes the place of an old one by sealing the data keys anew; the secrets stay as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leadgate_store::accounts::AccountNumber;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

const FORM: u8 = 1;
const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 8;
const TAG_BYTES: usize = 16;
const SEALED_KEY_BYTES: usize = NONCE_LEN + KEY_BYTES + TAG_BYTES;

type KeyId = [u8; ID_BYTES];

/// Why a secret was not sealed or opened. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    /// The master key is not what one must be.
    #[error("the {0}. master key is not 32 bytes in base64; `openssl rand -base64 32` makes one")]
    NoKey(usize),
    /// No master key at all.
    #[error("there is no master key in what LEADGATE_MASTER_KEY or LEADGATE_MASTER_KEY_FILE holds")]
    NoKeys,
    /// It was sealed under a master key that is not here.
    #[error(
        "it is sealed under the master key {0}, which is none of those in LEADGATE_MASTER_KEY; add that key, behind the newer ones"
    )]
    KeyMissing(String),
    /// It was altered, or sealed for another account or purpose.
    #[error("what is kept was altered, or belongs to another account; give the secrets of the account anew")]
    Altered,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes; try again")]
    NoRandomness,
}

/// Whose secret it is and what for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belonging {
    /// Whose.
    pub(crate) account: AccountNumber,
    /// What for, such as `credentials`.
    pub(crate) purpose: &'static str,
}

impl Belonging {
    fn of_data_key(self) -> Vec<u8> {
        format!("leadgate data key\n{}\n{}", self.account, self.purpose).into_bytes()
    }

    fn of_secret(self) -> Vec<u8> {
        format!("leadgate secret\n{}\n{}", self.account, self.purpose).into_bytes()
    }
}

/// The master keys, the newest first.
pub(crate) struct MasterKeys(Vec<(KeyId, LessSafeKey)>);

impl MasterKeys {
    /// Reads them: base64, the newest first, separated by commas or white space.
    pub(crate) fn parse(text: &SecretString) -> Result<MasterKeys, EnvelopeError> {
        let texts = text.expose_secret().split(|sign: char| sign == ',' || sign.is_whitespace());
        let keys = texts.filter(|text| !text.is_empty()).enumerate();
        let keys: Vec<(KeyId, LessSafeKey)> = keys
            .map(|(index, text)| master_key(text).ok_or(EnvelopeError::NoKey(index + 1)))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(EnvelopeError::NoKeys) } else { Ok(MasterKeys(keys)) }
    }

    /// Seals a secret under a new data key.
    pub(crate) fn seal(&self, belonging: Belonging, secret: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        fill(&mut *data_key)?;
        let mut sealed = self.seal_data_key(belonging, &data_key[..])?;
        sealed.extend(seal(&key_of(&data_key[..])?, &belonging.of_secret(), secret)?);
        Ok(sealed)
    }

    /// Opens what was sealed for this account and purpose.
    pub(crate) fn open(&self, belonging: Belonging, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let parts = Parts::of(sealed)?;
        let data_key = self.open_data_key(belonging, &parts)?;
        open(&key_of(&data_key)?, &belonging.of_secret(), parts.secret)
    }

    /// The same secret with its data key under the newest master key; `None` if it is so already.
    pub(crate) fn reseal(&self, belonging: Belonging, sealed: &[u8]) -> Result<Option<Vec<u8>>, EnvelopeError> {
        let parts = Parts::of(sealed)?;
        if self.0.first().is_some_and(|(id, _)| *id == parts.key_id) {
            return Ok(None);
        }
        let data_key = self.open_data_key(belonging, &parts)?;
        let mut resealed = self.seal_data_key(belonging, &data_key)?;
        resealed.extend(parts.secret);
        Ok(Some(resealed))
    }

    fn seal_data_key(&self, belonging: Belonging, data_key: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let (id, master) = self.0.first().ok_or(EnvelopeError::NoKeys)?;
        let mut sealed = vec![FORM];
        sealed.extend(id);
        sealed.extend(seal(master, &belonging.of_data_key(), data_key)?);
        Ok(sealed)
    }

    fn open_data_key(&self, belonging: Belonging, parts: &Parts<'_>) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let master = self.0.iter().find(|(id, _)| *id == parts.key_id).map(|(_, key)| key);
        let missing = || EnvelopeError::KeyMissing(parts.key_id.iter().map(|byte| format!("{byte:02x}")).collect());
        open(master.ok_or_else(missing)?, &belonging.of_data_key(), parts.data_key)
    }
}

/// The parts of what was sealed.
struct Parts<'a> {
    key_id: KeyId,
    data_key: &'a [u8],
    secret: &'a [u8],
}

impl Parts<'_> {
    fn of(sealed: &[u8]) -> Result<Parts<'_>, EnvelopeError> {
        let read = || {
            let (&form, rest) = sealed.split_first()?;
            let (key_id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
            let (data_key, secret) = rest.split_at_checked(SEALED_KEY_BYTES)?;
            (form == FORM).then_some(Parts { key_id: *key_id, data_key, secret })
        };
        read().ok_or(EnvelopeError::Altered)
    }
}

fn master_key(text: &str) -> Option<(KeyId, LessSafeKey)> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let mut id = KeyId::default();
    id.copy_from_slice(
        &Sha256::new().chain_update("leadgate master key\n").chain_update(&*bytes).finalize()[..ID_BYTES],
    );
    key_of(&bytes).ok().map(|key| (id, key))
}

/// The one error is a key of the wrong length.
fn key_of(bytes: &[u8]) -> Result<LessSafeKey, EnvelopeError> {
    UnboundKey::new(&CHACHA20_POLY1305, bytes).map(LessSafeKey::new).map_err(|_| EnvelopeError::Altered)
}

fn fill(bytes: &mut [u8]) -> Result<(), EnvelopeError> {
    SystemRandom::new().fill(bytes).map_err(|_| EnvelopeError::NoRandomness)
}

/// A random nonce, then what is sealed with it. A data key seals once, and a master key so seldom that no nonce comes twice.
fn seal(key: &LessSafeKey, belongs: &[u8], plain: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let mut nonce = [0; NONCE_LEN];
    fill(&mut nonce)?;
    // Room for the tag, so that the plain bytes are not left behind by a buffer that grew.
    let mut sealed = Vec::with_capacity(plain.len() + TAG_BYTES);
    sealed.extend(plain);
    let done = key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(belongs), &mut sealed);
    done.map_err(|_| EnvelopeError::Altered)?;
    Ok([&nonce[..], &sealed].concat())
}

fn open(key: &LessSafeKey, belongs: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(EnvelopeError::Altered)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(belongs), &mut bytes);
    let length = opened.map_err(|_| EnvelopeError::Altered)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn keys(bytes: &[u8]) -> MasterKeys {
        let texts: Vec<String> = bytes.iter().map(|byte| STANDARD.encode([*byte; KEY_BYTES])).collect();
        MasterKeys::parse(&texts.join(",").into()).unwrap()
    }

    fn of(account: i64, purpose: &'static str) -> Belonging {
        Belonging { account: AccountNumber(account), purpose }
    }

    #[rstest]
    #[case::as_it_was_sealed(7, "credentials", &[1], Some(true))]
    #[case::with_a_newer_key_before_it(7, "credentials", &[2, 1], Some(true))]
    #[case::another_account(8, "credentials", &[1], None)]
    #[case::another_purpose(7, "exports", &[1], None)]
    #[case::another_master_key(7, "credentials", &[2], None)]
    fn only_what_belongs_together_opens(
        #[case] account: i64,
        #[case] purpose: &'static str,
        #[case] with: &[u8],
        #[case] opens: Option<bool>,
    ) {
        let sealed = keys(&[1]).seal(of(7, "credentials"), b"secret").unwrap();
        let opened = keys(with).open(of(account, purpose), &sealed);
        assert_eq!(opened.ok().map(|secret| &*secret == b"secret"), opens);
    }

    #[test]
    fn a_master_key_that_is_not_here_is_named() {
        let sealed = keys(&[1]).seal(of(7, "credentials"), b"secret").unwrap();
        let id: String = sealed[1..=ID_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        let refused = keys(&[2]).open(of(7, "credentials"), &sealed);
        assert_eq!(refused.err(), Some(EnvelopeError::KeyMissing(id)));
    }

    #[test]
    fn a_rotation_ends_the_old_key() {
        let belonging = of(7, "credentials");
        let sealed = keys(&[1]).seal(belonging, b"secret").unwrap();
        let both = keys(&[2, 1]);
        let resealed = both.reseal(belonging, &sealed).unwrap().unwrap();
        assert_eq!(&**keys(&[2]).open(belonging, &resealed).unwrap(), b"secret");
        assert!(keys(&[1]).open(belonging, &resealed).is_err());
        assert_eq!(both.reseal(belonging, &resealed), Ok(None), "it is sealed under the newest already");
    }

    #[rstest]
    #[case::none("", EnvelopeError::NoKeys)]
    #[case::only_separators(" , \n", EnvelopeError::NoKeys)]
    #[case::too_short("AAAA", EnvelopeError::NoKey(1))]
    #[case::not_base64("!", EnvelopeError::NoKey(1))]
    #[case::the_second("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAA", EnvelopeError::NoKey(2))]
    fn what_is_no_key_is_refused(#[case] text: &str, #[case] error: EnvelopeError) {
        assert_eq!(MasterKeys::parse(&text.to_owned().into()).err(), Some(error));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(secret in proptest::collection::vec(any::<u8>(), 0..200)) {
            let sealed = keys(&[1]).seal(of(7, "credentials"), &secret).unwrap();
            prop_assert_eq!(&*keys(&[1]).open(of(7, "credentials"), &sealed).unwrap(), &secret);
            prop_assert!(secret.len() < 8 || !sealed.windows(secret.len()).any(|window| window == secret));
        }

        #[test]
        fn a_flipped_bit_is_refused(secret in proptest::collection::vec(any::<u8>(), 0..40), at: prop::sample::Index, bit in 0..8) {
            let mut sealed = keys(&[1]).seal(of(7, "credentials"), &secret).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert!(keys(&[1]).open(of(7, "credentials"), &sealed).is_err());
        }

        #[test]
        fn what_was_cut_or_made_up_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut: prop::sample::Index) {
            let sealed = keys(&[1]).seal(of(7, "credentials"), b"secret").unwrap();
            prop_assert!(keys(&[1]).open(of(7, "credentials"), &sealed[..cut.index(sealed.len())]).is_err());
            prop_assert!(keys(&[1]).open(of(7, "credentials"), &bytes).is_err());
        }
    }
}
