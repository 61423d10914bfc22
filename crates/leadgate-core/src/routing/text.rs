//! When two spellings are the same: texts, countries, languages, Internet domains, company names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Names of countries that people use and the standard does not list.
const ALSO_CALLED: [(&str, &str); 31] = [
    ("usa", "US"),
    ("u s a", "US"),
    ("united states", "US"),
    ("america", "US"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("great britain", "GB"),
    ("england", "GB"),
    ("scotland", "GB"),
    ("wales", "GB"),
    ("northern ireland", "GB"),
    ("deutschland", "DE"),
    ("osterreich", "AT"),
    ("schweiz", "CH"),
    ("suisse", "CH"),
    ("espana", "ES"),
    ("italia", "IT"),
    ("brasil", "BR"),
    ("holland", "NL"),
    ("netherlands", "NL"),
    ("czech republic", "CZ"),
    ("czechia", "CZ"),
    ("russia", "RU"),
    ("south korea", "KR"),
    ("vietnam", "VN"),
    ("turkey", "TR"),
    ("ivory coast", "CI"),
    ("cote d ivoire", "CI"),
    ("taiwan", "TW"),
    ("iran", "IR"),
    ("bolivia", "BO"),
];

/// The legal forms that end a company's name, folded.
const LEGAL_FORMS: [&str; 31] = [
    "inc",
    "incorporated",
    "llc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "plc",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "ug",
    "se",
    "ev",
    "sa",
    "sas",
    "sarl",
    "srl",
    "spa",
    "bv",
    "nv",
    "ab",
    "as",
    "asa",
    "oy",
    "aps",
    "pty",
    "pte",
];

static COUNTRIES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for country in celes::Country::get_countries() {
        let name = fold(country.long_name);
        let short = name.strip_prefix("the ").map(str::to_owned);
        let written = [Some(name), short, Some(fold(country.alpha2)), Some(fold(country.alpha3))];
        known.extend(written.into_iter().flatten().map(|written| (written, country.alpha2)));
    }
    known.extend(ALSO_CALLED.map(|(name, code)| (name.to_owned(), code)));
    known
});

/// A text as it is compared: lower case, Latin letters without their marks, everything that is no letter or digit a single space.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for sign in text.chars().flat_map(char::to_lowercase) {
        match plain(sign) {
            Some(plain) => folded.push_str(plain),
            None if sign.is_alphanumeric() => folded.push(sign),
            // A mark that stands by itself belongs to the letter before it.
            None if ('\u{300}'..='\u{36f}').contains(&sign) => {}
            None if folded.ends_with(' ') || folded.is_empty() => {}
            None => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn plain(sign: char) -> Option<&'static str> {
    Some(match sign {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        _ => return None,
    })
}

/// The two letters of a country, whichever way it is written: by name, by two letters or by three.
pub(crate) fn country(written: &str) -> Option<&'static str> {
    let folded = fold(written);
    let known = COUNTRIES.get(&folded).copied();
    known.or_else(|| celes::Country::from_alias(written.trim()).ok().map(|country| country.alpha2))
}

/// A language tag as it is compared: `de_AT` is `de-at`.
pub(crate) fn language(written: &str) -> String {
    written.trim().replace('_', "-").to_lowercase()
}

/// The host of an address or a bare domain, lower case and without `www.`.
pub(crate) fn host(website: &str) -> Option<String> {
    let text = website.trim().to_lowercase();
    let after_scheme = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    (host.contains('.') && !host.contains(char::is_whitespace)).then(|| host.to_owned())
}

/// The part of a domain that somebody registered: `example.co.uk` of `mail.example.co.uk`.
pub(crate) fn registrable(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

/// A company's name as it is compared: folded, without its legal form.
pub(crate) fn company_name(name: &str) -> String {
    let folded = fold(name);
    let mut words: Vec<&str> = folded.split(' ').collect();
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(word) || word.len() == 1) {
        words.pop();
    }
    words.join(" ")
}

/// Whether a folded or lower-case text is what a pattern says; `*` stands for any text.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("DE", "DE")]
    #[case("deu", "DE")]
    #[case("Germany", "DE")]
    #[case("Côte d'Ivoire", "CI")]
    #[case(" united states of america", "US")]
    #[case("UK", "GB")]
    #[case("Österreich", "AT")]
    #[case("Türkiye", "TR")]
    fn a_country_is_understood(#[case] written: &str, #[case] code: &str) {
        assert_eq!(country(written), Some(code));
    }

    #[rstest]
    #[case("https://www.Example.com:8443/about?x=1", Some("example.com"))]
    #[case("example.co.uk/", Some("example.co.uk"))]
    #[case("coming soon", None)]
    fn a_website_has_a_host(#[case] website: &str, #[case] expected: Option<&str>) {
        assert_eq!(host(website).as_deref(), expected);
    }

    #[rstest]
    #[case("Acme Corp.", "acme")]
    #[case("ACME", "acme")]
    #[case("Müller & Söhne GmbH", "muller sohne")]
    #[case("The Company", "the")]
    #[case("AG", "ag")]
    fn a_company_is_compared_without_its_legal_form(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(company_name(name), expected);
    }

    #[rstest]
    #[case("*.example.com", "mail.example.com", true)]
    #[case("*.example.com", "example.com", false)]
    #[case("spring*", "spring sale", true)]
    #[case("a*b*c", "a1b2c", true)]
    #[case("a*b", "ab1", false)]
    #[case("a*a", "a", false)]
    #[case("acme", "acme inc", false)]
    fn a_star_is_any_text(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches_pattern(pattern, text), expected);
    }
}
