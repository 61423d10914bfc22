//! Who calls which account: the API key and the account's address, understood however people paste them.
//!
//! Cast: [`ApiKey`] (a secret that never prints), [`AccountAddress`] (where the account answers), [`Credentials`] (both).
//! Everything here is pure apart from [`Credentials::from_env`].

mod address;
mod key;

pub use address::AccountAddress;
pub use key::ApiKey;

/// Name of the variable that holds the API key.
pub const KEY_VARIABLE: &str = "FRESHSALES_API_KEY";
/// Name of the variable that holds the subdomain, domain or URL of the account.
pub const ADDRESS_VARIABLE: &str = "FRESHSALES_SUBDOMAIN";

/// An API key and the account it opens.
///
/// ```
/// use freshsales::Credentials;
///
/// let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "https://acme.freshsales.io/")?;
/// assert_eq!(credentials.address().to_string(), "https://acme.freshsales.io/api");
/// assert!(!format!("{credentials:?}").contains("EXAMPLE_KEY"));
/// # Ok::<(), freshsales::CredentialsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Credentials {
    key: ApiKey,
    address: AccountAddress,
}

impl Credentials {
    /// Puts a key and an address together.
    pub fn new(key: ApiKey, address: AccountAddress) -> Self {
        Self { key, address }
    }

    /// Reads both texts as people paste them.
    ///
    /// # Errors
    /// Says which text is not understood and how to mend it; never shows the key.
    pub fn parse(key: &str, address: &str) -> Result<Self, CredentialsError> {
        Ok(Self { key: ApiKey::parse(key)?, address: AccountAddress::parse(address)? })
    }

    /// Reads `FRESHSALES_API_KEY` and `FRESHSALES_SUBDOMAIN` from the environment of the process.
    ///
    /// # Errors
    /// As [`Credentials::parse`], or [`CredentialsError::MissingVariable`].
    #[expect(
        clippy::disallowed_methods,
        reason = "what this function is for; programs with a configuration use `from_variables`"
    )]
    pub fn from_env() -> Result<Self, CredentialsError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Credentials::from_env`], from any source of variables.
    ///
    /// # Errors
    /// As [`Credentials::from_env`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        let present = |name| variable(name).ok_or(CredentialsError::MissingVariable { name });
        Self::parse(&present(KEY_VARIABLE)?, &present(ADDRESS_VARIABLE)?)
    }

    /// The key.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// The account's address.
    pub fn address(&self) -> &AccountAddress {
        &self.address
    }
}

/// A key or an address that is not understood; the message says the mend and shows neither of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The environment lacks one of the two variables.
    #[error("{name} is not set: set it and start again")]
    MissingVariable {
        /// Name of the variable.
        name: &'static str,
    },
    /// The key is empty, or nothing but quotes and white space.
    #[error("the API key is empty: copy it from Profile settings > API settings of the CRM")]
    EmptyKey,
    /// The key has white space inside.
    #[error(
        "the API key has white space inside: copy the key alone, in one piece, from Profile settings > API settings"
    )]
    KeyHasWhiteSpace,
    /// The key has a character that no key has.
    #[error(
        "the API key has a character that no key has (a quote, a bracket or a letter outside ASCII): copy it again"
    )]
    KeyHasForeignCharacter,
    /// The key is an address: the two variables are probably swapped.
    #[error(
        "the API key looks like a web address: {KEY_VARIABLE} takes the key and {ADDRESS_VARIABLE} the account's address"
    )]
    KeyLooksLikeAddress,
    /// The address is empty, or nothing but quotes and white space.
    #[error(
        "the account's address is empty: give the subdomain (`acme`) or the whole address (`acme.myfreshworks.com`)"
    )]
    EmptyAddress,
    /// The address has white space or non-ASCII characters inside.
    #[error(
        "the account's address has white space or a character outside ASCII: type it as in the browser's address bar, e.g. `acme.myfreshworks.com`"
    )]
    AddressHasForeignCharacter,
    /// A bare word that cannot be a subdomain.
    #[error(
        "the subdomain may only have letters, digits and inner hyphens: give it as in `acme.myfreshworks.com`, without the rest"
    )]
    InvalidSubdomain,
    /// The product's domain with no account, several labels, or a public page of the vendor.
    #[error("the address names no account: put the account's own name before `.{domain}`, e.g. `acme.{domain}`")]
    NoAccountInHost {
        /// The product's domain that was recognised.
        domain: &'static str,
    },
    /// A host that is not the product's, without a scheme.
    #[error(
        "the address is not a Freshsales domain: give `acme`, `acme.myfreshworks.com` or `acme.freshsales.io`, or write the scheme (`https://…`, or `http://…` for this machine) to call another server"
    )]
    UnknownHostWithoutScheme,
    /// Plain `http` to another machine.
    #[error("plain http:// would send the key unencrypted: write https:// (http:// is for this machine only)")]
    PlainHttp,
    /// A scheme other than http and https.
    #[error("the address must start with https:// (or with no scheme at all)")]
    UnknownScheme,
    /// A user name or password inside the address.
    #[error("the address has a user name or password in it: remove everything up to and including the `@`")]
    UserInfo,
    /// The address is no URL.
    #[error("the address is not a valid URL: copy it from the browser's address bar")]
    InvalidUrl,
    /// A Suite page on the Classic domain, which does not serve the Suite API.
    #[error(
        "a /crm/sales page belongs to Freshsales Suite, whose API is not served on freshsales.io: use the address `….myfreshworks.com` shown in Profile settings > API settings"
    )]
    SuitePathOnClassicHost,
}
