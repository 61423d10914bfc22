//! Which column is what: from its header, and from what stands in it.
//!
//! Each column gets a score for each field; the best pair is taken first, and then neither the column nor the field again. A header that is one
//! of the known names counts most, one that contains such a name or nearly is one counts less, and what stands in the column can speak for an
//! address, a phone number or a web site, or against one.

use strsim::jaro_winkler;

use super::headers::HEADERS;
use super::target::{Target, is_custom};
use crate::identity::{Email, Phone};

/// A column of the file: its header and some of what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The header.
    pub header: String,
    /// Some values, blank ones left out.
    pub values: Vec<String>,
}

/// What a column probably is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The column, by its position.
    pub column: usize,
    /// What it is.
    pub target: Target,
    /// How sure that is, up to 100.
    pub score: u32,
}

/// Below this nothing is guessed.
const LEAST: u32 = 60;
const EXACT: u32 = 90;
const CONTAINED: u32 = 65;
const NEARLY: u32 = 62;
/// How alike two names must be to be nearly the same.
const ALIKE: f64 = 0.93;
/// The shortest name that is looked for inside a longer header.
const SHORTEST_INSIDE: usize = 4;
/// How many of a hundred values must be of a kind to speak for it.
const MOST_OF: usize = 70;

/// Guesses what columns are. No column has two targets and no target has two columns.
pub fn guess(columns: &[Sample]) -> Vec<Guess> {
    let mut candidates: Vec<Guess> =
        columns.iter().enumerate().flat_map(|(at, column)| of_column(at, column)).collect();
    // Among equals the first column wins.
    candidates.sort_by(|one, other| other.score.cmp(&one.score).then(one.column.cmp(&other.column)));
    let mut taken: Vec<Guess> = Vec::new();
    for candidate in candidates {
        if !taken.iter().any(|held| held.column == candidate.column || held.target == candidate.target) {
            taken.push(candidate);
        }
    }
    taken.sort_by_key(|held| held.column);
    taken
}

fn of_column(column: usize, sample: &Sample) -> Vec<Guess> {
    let header = sample.header.trim();
    if is_custom(header) {
        return vec![Guess { column, target: Target::Custom(header.to_owned()), score: 100 }];
    }
    let name = normalised(header);
    let scored = HEADERS.iter().map(|(target, names)| {
        let by_name = by_name(&name, names);
        Guess { column, target: Target::Named(target), score: with_values(target, by_name, &sample.values) }
    });
    scored.filter(|guess| guess.score >= LEAST).collect()
}

fn by_name(name: &str, known: &[&str]) -> u32 {
    if name.is_empty() {
        return 0;
    }
    let inside = |known: &&&str| known.len() >= SHORTEST_INSIDE && name.contains(**known);
    let alike = |known: &&&str| known.len() > SHORTEST_INSIDE && jaro_winkler(name, known) >= ALIKE;
    if known.contains(&name) {
        EXACT
    } else if known.iter().any(|known| inside(&known)) {
        CONTAINED
    } else if known.iter().any(|known| alike(&known)) {
        NEARLY
    } else {
        0
    }
}

fn with_values(target: &str, score: u32, values: &[String]) -> u32 {
    let speaks: Option<fn(&str) -> bool> = match target {
        "email" => Some(is_email),
        "phone" => Some(is_phone),
        "company.website" => Some(is_site),
        _ => None,
    };
    match speaks {
        Some(speaks) if !values.is_empty() => {
            let percent = values.iter().filter(|value| speaks(value.trim())).count() * 100 / values.len();
            match percent {
                // An unknown header over addresses is still a column of addresses; a phone number may be any number.
                MOST_OF.. if target == "phone" => {
                    if score == 0 {
                        0
                    } else {
                        score + 10
                    }
                }
                MOST_OF.. => score.max(LEAST) + 10,
                1.. => score,
                _ => score / 2,
            }
        }
        // Another field's name over addresses: they are addresses all the same.
        _ if !values.is_empty() && values.iter().all(|value| is_email(value.trim())) && target != "owner" => score / 2,
        _ => score,
    }
}

fn is_email(text: &str) -> bool {
    Email::parse(text).is_ok()
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|sign| sign.is_ascii_digit() || " +-/().".contains(sign));
    Phone::parse(text, None).e164().is_some() || (plain && (6..=15).contains(&digits))
}

fn is_site(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.")
}

/// Small letters and digits alone, without accents.
pub(super) fn normalised(header: &str) -> String {
    header.to_lowercase().replace('ß', "ss").chars().filter_map(plain).collect()
}

fn plain(sign: char) -> Option<char> {
    Some(match sign {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        sign if sign.is_alphanumeric() => sign,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn columns(headers: &str) -> Vec<Sample> {
        headers.split('|').map(|header| Sample { header: header.to_owned(), values: Vec::new() }).collect()
    }

    fn targets(columns: &[Sample]) -> Vec<String> {
        let guesses = guess(columns);
        let of = |at| guesses.iter().find(|guess| guess.column == at).map_or("-", |guess| guess.target.name());
        (0..columns.len()).map(|at| of(at).to_owned()).collect()
    }

    #[rstest]
    #[case::english(
        "First Name|Last Name|E-mail Address|Mobile Phone|Company|Job Title|Zip Code",
        "first_name last_name email phone company.name job_title address.zipcode"
    )]
    #[case::german(
        "Vorname|Nachname|E-Mail-Adresse|Telefonnummer|Firma|PLZ|Ort|Land",
        "first_name last_name email phone company.name address.zipcode address.city country"
    )]
    #[case::spanish(
        "Nombre|Apellidos|Correo electrónico|Teléfono|Empresa|Ciudad|País",
        "first_name last_name email phone company.name address.city country"
    )]
    #[case::french(
        "Prénom|Nom|Courriel|Téléphone|Société|Code postal|Ville|Pays",
        "first_name last_name email phone company.name address.zipcode address.city country"
    )]
    #[case::dutch(
        "Voornaam|Achternaam|E-mailadres|Telefoonnummer|Bedrijfsnaam|Postcode|Plaats",
        "first_name last_name email phone company.name address.zipcode address.city"
    )]
    #[case::custom_and_unknown("cf_seats|Schuhgröße|Tags", "cf_seats - tags")]
    #[case::one_each("Email|Work email|E-Mail", "email - -")]
    #[case::a_longer_name("Primary contact e-mail (work)|Notes", "email note")]
    #[case::mistyped("Emial|Telephon", "email phone")]
    fn headers_in_five_languages(#[case] headers: &str, #[case] expected: &str) {
        assert_eq!(targets(&columns(headers)).join(" "), expected);
    }

    #[rstest]
    #[case::addresses_without_a_name("X", &["ada@x.io", "bob@x.io"], "email")]
    #[case::names_over_addresses("Contact", &["ada@x.io", "bob@x.io"], "email")]
    #[case::sites("Z", &["https://x.io", "www.y.io"], "company.website")]
    #[case::numbers_are_not_phones("Order", &["123456", "234567"], "-")]
    #[case::not_addresses("Email", &["yes", "no"], "-")]
    fn values_speak_too(#[case] header: &str, #[case] values: &[&str], #[case] expected: &str) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        assert_eq!(targets(&[Sample { header: header.to_owned(), values }]), [expected]);
    }

    proptest! {
        #[test]
        fn nothing_is_guessed_twice(headers in prop::collection::vec("[A-Za-zäöüéñ ._-]{0,24}", 0..30)) {
            let columns: Vec<Sample> = headers.into_iter().map(|header| Sample { header, values: Vec::new() }).collect();
            let guesses = guess(&columns);
            for (at, one) in guesses.iter().enumerate() {
                prop_assert!(one.column < columns.len() && one.score >= LEAST);
                prop_assert!(guesses[at + 1..].iter().all(|other| other.column != one.column && other.target != one.target));
            }
        }
    }
}
