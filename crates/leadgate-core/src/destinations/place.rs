//! Where a URL of a destination points, and why it may not.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{Network, may_dial};

/// Names that mean this machine or the network it is in, whatever a resolver would say.
const LOCAL_NAMES: &[&str] = &["localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain"];

/// What decides whether a URL is taken.
pub(crate) struct UrlRules<'a> {
    /// Private addresses that may be dialled nevertheless.
    pub(crate) allowed: &'a [Network],
    /// Plain HTTP was asked for by name.
    pub(crate) plain_http: bool,
}

/// Reads the URL of a destination. The problem never repeats the URL, which may be a secret as a whole.
pub(crate) fn read_url(text: &str, rules: &UrlRules<'_>) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|error| format!("this is no URL ({error}); write it as https://hooks.example.com/path"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user name or password is not taken; use a header of your own instead".to_owned());
    }
    let host = url.host().ok_or("the URL names no host")?;
    let allowed_literal = check_host(&host, rules)?;
    match url.scheme() {
        "https" => {}
        "http" if allowed_literal || rules.plain_http => {}
        "http" => {
            return Err("plain HTTP shows everything to whoever is in between; use https, or say `plain_http = true`"
                .to_owned());
        }
        other => return Err(format!("the scheme {other} is not taken; use https")),
    }
    Ok(url)
}

/// Why the host of a mail server may not be dialled, if so.
pub(crate) fn check_mail_host(url: &Url, allowed: &[Network]) -> Result<(), String> {
    // Of a scheme that it does not know the parser leaves the host as it is written; of this one it reads every spelling of an address.
    let host = url.host_str().unwrap_or_default();
    let read = Url::parse(&format!("https://{host}/")).map_err(|error| format!("its host cannot be read ({error})"))?;
    let host = read.host().ok_or("the mail server names no host")?;
    check_host(&host, &UrlRules { allowed, plain_http: false }).map(drop)
}

/// Whether the host is an address that was allowed; or why it may not be dialled. A URL parser has turned every spelling of an address (decimal,
/// octal, hexadecimal, short) into the address by now.
fn check_host(host: &Host<&str>, rules: &UrlRules<'_>) -> Result<bool, String> {
    let address = match host {
        Host::Domain(name) => return check_name(name, rules).map(|()| false),
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address),
    };
    if !may_dial(address, rules.allowed) {
        return Err(format!(
            "{address} is not an address of the public internet; if it is meant, add it to `allow`, such as allow = [\"{address}\"]"
        ));
    }
    Ok(rules.allowed.iter().any(|network| network.contains(address)))
}

fn check_name(name: &str, rules: &UrlRules<'_>) -> Result<(), String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_local = LOCAL_NAMES.iter().any(|local| name == *local || name.ends_with(&format!(".{local}")));
    // What such a name resolves to is checked against the same list when it is dialled.
    if is_local && rules.allowed.is_empty() {
        return Err(format!(
            "{name} is a name of this machine or its network; if it is meant, add its addresses to `allow`"
        ));
    }
    Ok(())
}
