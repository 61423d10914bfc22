//! The account's address: a bare subdomain, a domain or URL of either generation, or any base URL for tests and proxies.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::CredentialsError;
use super::key::strip_quotes;
use crate::Generation;

/// The vendor's domains, each with the generation it serves (source: official pages of both generations).
const PRODUCT_DOMAINS: [(&str, Generation); 3] = [
    ("freshsales.io", Generation::Classic),
    ("myfreshworks.com", Generation::Suite),
    ("freshworks.com", Generation::Suite),
];

/// Labels under those domains that are the vendor's own pages, not accounts.
const VENDOR_LABELS: [&str; 8] =
    ["www", "support", "crmsupport", "developer", "developers", "api", "accounts", "community"];

/// Where an account answers.
///
/// Reads `acme`, `acme.freshsales.io`, `https://acme.freshsales.io/`, `acme.myfreshworks.com/crm/sales`, `acme.freshworks.com`, a page copied
/// from the browser, and any `https://` base URL or `http://` URL of this machine. `Display` prints it in a form that parses to the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountAddress(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    /// Only the subdomain is known; either generation may serve it.
    Bare(String),
    /// The root of the API is known, and the generation with it.
    Known(Generation, Url),
    /// A base URL under which either generation may be mounted.
    Open(Url),
}

impl AccountAddress {
    /// Reads an address as people paste it.
    ///
    /// # Errors
    /// What is not understood, with the exact mend.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let text = strip_quotes(text);
        if text.is_empty() {
            return Err(CredentialsError::EmptyAddress);
        }
        if !text.chars().all(|sign| sign.is_ascii_graphic()) {
            return Err(CredentialsError::AddressHasForeignCharacter);
        }
        match text.split_once("://") {
            Some(_) => from_url(text),
            None => from_host_or_subdomain(text.trim_end_matches('/')),
        }
        .map(Self)
    }

    /// The generation, where host or path tell it.
    pub fn generation(&self) -> Option<Generation> {
        match self.0 {
            Form::Known(generation, _) => Some(generation),
            Form::Bare(_) | Form::Open(_) => None,
        }
    }

    /// The root of the API under which a generation would answer for this account, without a trailing slash.
    ///
    /// `None` if the address belongs to the other generation.
    pub fn api_root(&self, generation: Generation) -> Option<Url> {
        match &self.0 {
            Form::Bare(subdomain) => product_root(subdomain, generation),
            Form::Known(known, root) => (*known == generation).then(|| root.clone()),
            Form::Open(base) => Some(with_path(base, &[base.path(), api_path(generation)])),
        }
    }

    /// Whether both generations would answer on the same host, so that a refused key is refused for both.
    pub(crate) fn is_one_host(&self) -> bool {
        !matches!(self.0, Form::Bare(_))
    }

    /// Whether the address is on this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.0 {
            Form::Bare(_) => false,
            Form::Known(_, url) | Form::Open(url) => is_loopback(url),
        }
    }
}

impl FromStr for AccountAddress {
    type Err = CredentialsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for AccountAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Bare(subdomain) => formatter.write_str(subdomain),
            Form::Known(_, url) | Form::Open(url) => formatter.write_str(url.as_str().trim_end_matches('/')),
        }
    }
}

fn from_host_or_subdomain(text: &str) -> Result<Form, CredentialsError> {
    let host = text.split(['/', '?', '#']).next().unwrap_or(text);
    if text.contains('@') {
        return Err(CredentialsError::UserInfo);
    }
    if product_domain(host).is_some() {
        return from_url(&format!("https://{text}"));
    }
    if host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost") {
        return Err(CredentialsError::UnknownHostWithoutScheme);
    }
    let subdomain = text.to_ascii_lowercase();
    if is_subdomain(&subdomain) { Ok(Form::Bare(subdomain)) } else { Err(CredentialsError::InvalidSubdomain) }
}

fn from_url(text: &str) -> Result<Form, CredentialsError> {
    let url = Url::parse(text).map_err(|_| CredentialsError::InvalidUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(CredentialsError::UnknownScheme);
    }
    // The URL standard lets quotes stand in a host, where no host has one.
    if url.host_str().is_some_and(|host| host.contains(['"', '\'', '`'])) {
        return Err(CredentialsError::InvalidUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CredentialsError::UserInfo);
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(CredentialsError::PlainHttp);
    }
    match url.host_str().and_then(product_domain) {
        Some((domain, generation)) => from_product_url(&url, domain, generation),
        None => Ok(from_other_url(&url)),
    }
}

/// A page of the product: only the account's name matters, whatever page was copied.
fn from_product_url(url: &Url, domain: &'static str, generation: Generation) -> Result<Form, CredentialsError> {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let label = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')).unwrap_or_default();
    if !is_subdomain(label) || VENDOR_LABELS.contains(&label) {
        return Err(CredentialsError::NoAccountInHost { domain });
    }
    if generation == Generation::Classic && url.path().starts_with("/crm/sales") {
        return Err(CredentialsError::SuitePathOnClassicHost);
    }
    let root = Url::parse(&format!("https://{label}.{domain}/{}", api_path(generation)));
    root.map(|root| Form::Known(generation, root)).map_err(|_| CredentialsError::InvalidUrl)
}

/// Another server: its path tells the generation if it holds one of the two prefixes, and is a mount point otherwise.
fn from_other_url(url: &Url) -> Form {
    // A quote before the last slash is as little meant as one behind it, and the printed address must read as the same.
    let path = url.path().trim_end_matches(['/', '\'']);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let Some(at) = segments.windows(2).position(|pair| pair == ["crm", "sales"]) {
        let path = [&segments[..at], &["crm", "sales", "api"]].concat();
        return Form::Known(Generation::Suite, with_path(url, &path));
    }
    match segments.iter().position(|segment| *segment == "api") {
        Some(at) => Form::Known(Generation::Classic, with_path(url, &segments[..=at])),
        None => Form::Open(with_path(url, &segments)),
    }
}

fn product_root(subdomain: &str, generation: Generation) -> Option<Url> {
    // Of the two Suite domains the older is tried: every alias answers on it.
    let domain = match generation {
        Generation::Classic => "freshsales.io",
        Generation::Suite => "myfreshworks.com",
    };
    Url::parse(&format!("https://{subdomain}.{domain}/{}", api_path(generation))).ok()
}

fn api_path(generation: Generation) -> &'static str {
    match generation {
        Generation::Classic => "api",
        Generation::Suite => "crm/sales/api",
    }
}

/// The product's domain that a host ends with, alone or under a label.
fn product_domain(host: &str) -> Option<(&'static str, Generation)> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    PRODUCT_DOMAINS
        .into_iter()
        .find(|(domain, _)| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn is_subdomain(text: &str) -> bool {
    let inner = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    (1..=63).contains(&text.len()) && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The same server with another path, and without query and fragment.
fn with_path(url: &Url, segments: &[&str]) -> Url {
    let path: Vec<&str> = segments.iter().map(|segment| segment.trim_matches('/')).filter(|s| !s.is_empty()).collect();
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&path.join("/"));
    url
}
