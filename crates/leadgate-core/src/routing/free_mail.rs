//! Domains at which anybody can have an address: they say nothing of the company.

/// By registrable name before its public suffix, for services that have one name under many suffixes: `yahoo.co.uk`.
const NAMES: [&str; 10] =
    ["gmail", "googlemail", "yahoo", "ymail", "hotmail", "outlook", "live", "gmx", "yandex", "rocketmail"];

/// Whole domains, in order.
const DOMAINS: [&str; 84] = [
    "126.com",
    "139.com",
    "163.com",
    "abv.bg",
    "aim.com",
    "alice.it",
    "aol.com",
    "aol.de",
    "arcor.de",
    "att.net",
    "bbox.fr",
    "bellsouth.net",
    "bigpond.com",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.com",
    "email.cz",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "hanmail.net",
    "hey.com",
    "hushmail.com",
    "icloud.com",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "online.de",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "tiscali.it",
    "tuta.io",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "ziggo.nl",
];

/// Whether anybody can have an address at this registrable domain, lower case.
pub(crate) fn is_free(registrable: &str) -> bool {
    let name = registrable.split('.').next().unwrap_or_default();
    NAMES.contains(&name) || DOMAINS.binary_search(&registrable).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domains_are_in_order_so_that_they_are_found() {
        assert!(DOMAINS.is_sorted());
        assert!(is_free("web.de") && is_free("126.com") && is_free("ziggo.nl") && is_free("yahoo.co.uk"));
        assert!(!is_free("example.com"));
    }
}
