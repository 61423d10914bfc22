//! Which pages may post: origins, as browsers write them.

use url::{Origin, Url};

/// A rule that admits origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginRule {
    /// Every page there is, and what comes from none.
    Any,
    /// This one.
    Exact(String),
    /// Those whose host ends like this, the dot included, on this scheme and port. The bare domain is not among them.
    Subdomains {
        /// `https` or `http`.
        scheme: String,
        /// `.example.com`.
        suffix: String,
        /// The port.
        port: u16,
    },
}

/// What is wrong with a rule.
const WRONG: &str = "is not an origin; write the scheme and the host and nothing else, such as https://www.example.com or https://*.example.com";

impl OriginRule {
    /// Reads a rule: `*`, `https://www.example.com` or `https://*.example.com`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<OriginRule, &'static str> {
        if text == "*" {
            return Ok(OriginRule::Any);
        }
        if let Some((scheme, rest)) = text.split_once("://*.") {
            return match origin(&format!("{scheme}://{rest}")).ok_or(WRONG)? {
                Origin::Tuple(scheme, host, port) if !rest.contains('*') && rest.contains('.') => {
                    Ok(OriginRule::Subdomains { scheme, suffix: format!(".{host}"), port })
                }
                _ => Err(WRONG),
            };
        }
        match origin(text).filter(|_| !text.contains('*')) {
            Some(origin) => Ok(OriginRule::Exact(origin.ascii_serialization())),
            None => Err(WRONG),
        }
    }

    /// Whether it admits this origin.
    pub fn admits(&self, sent: &str) -> bool {
        match self {
            OriginRule::Any => true,
            OriginRule::Exact(admitted) => origin(sent).is_some_and(|origin| origin.ascii_serialization() == *admitted),
            OriginRule::Subdomains { scheme, suffix, port } => match origin(sent) {
                Some(Origin::Tuple(sent_scheme, host, sent_port)) => {
                    sent_scheme == *scheme && sent_port == *port && host.to_string().ends_with(suffix.as_str())
                }
                _ => false,
            },
        }
    }
}

/// An origin that is nothing but one: no user, no path, no query.
fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    let bare =
        matches!(url.path(), "" | "/") && !text.ends_with('/') && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none() && !text.contains('@');
    let web = matches!(url.scheme(), "http" | "https");
    (bare && nobody && web).then(|| url.origin())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same("https://www.example.com", "https://www.example.com", true)]
    #[case::case_of_letters("https://WWW.example.com", "https://www.example.com", true)]
    #[case::default_port("https://www.example.com:443", "https://www.example.com", true)]
    #[case::other_scheme("https://www.example.com", "http://www.example.com", false)]
    #[case::other_port("https://www.example.com", "https://www.example.com:8443", false)]
    #[case::longer("https://www.example.com", "https://www.example.com.evil.test", false)]
    #[case::user("https://www.example.com", "https://www.example.com@evil.test", false)]
    #[case::path("https://www.example.com", "https://www.example.com/", false)]
    #[case::null("https://www.example.com", "null", false)]
    #[case::subdomain("https://*.example.com", "https://shop.example.com", true)]
    #[case::deep("https://*.example.com", "https://a.b.example.com", true)]
    #[case::bare_domain("https://*.example.com", "https://example.com", false)]
    #[case::look_alike("https://*.example.com", "https://evilexample.com", false)]
    #[case::subdomain_over_http("https://*.example.com", "http://shop.example.com", false)]
    #[case::subdomain_at_a_port("https://*.example.com", "https://shop.example.com:8443", false)]
    #[case::any("*", "null", true)]
    #[case::local("http://localhost:8000", "http://localhost:8000", true)]
    fn origins(#[case] rule: &str, #[case] sent: &str, #[case] admitted: bool) {
        assert_eq!(OriginRule::parse(rule).unwrap().admits(sent), admitted);
    }

    #[rstest]
    #[case("")]
    #[case("www.example.com")]
    #[case("https://www.example.com/contact")]
    #[case("https://www.example.com/")]
    #[case("https://*")]
    #[case("https://*.")]
    #[case("https://*.com")]
    #[case("https://*.*.example.com")]
    #[case("https://w*.example.com")]
    #[case("file:///tmp/form.html")]
    #[case("null")]
    fn what_is_no_origin_is_refused(#[case] rule: &str) {
        assert_eq!(OriginRule::parse(rule), Err(WRONG));
    }

    proptest::proptest! {
        #[test]
        fn nothing_breaks_the_reader(rule in "\\PC{0,40}", sent in "\\PC{0,40}") {
            if let Ok(rule) = OriginRule::parse(&rule) {
                let _ = rule.admits(&sent);
            }
        }
    }
}
