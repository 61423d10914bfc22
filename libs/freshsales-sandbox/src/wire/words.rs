//! Sentences in the language of the account: what is said about a field, and the phrasebook that translates it.
//!
//! Rules are written with English sentences. They are translated on the way out, by templates: `{}` stands for a label, which has words of its
//! own, or for a number or an attribute's API name, which stay. A sentence that no template fits stays English, as in the real account. Source:
//! refusals were seen in the language of the key's owner (Dutch, Spanish); their exact wording was not recorded, so the words here are the sandbox's.

use std::borrow::Cow;

use super::phrasebook::{LABELS, TEMPLATES};
use crate::Language;

/// One sentence of a refusal, with the attribute it is about where a rule knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) field: Option<String>,
    pub(crate) text: String,
}

impl Sentence {
    pub(crate) fn about(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self { field: Some(field.into()), text: text.into() }
    }
}

impl From<String> for Sentence {
    fn from(text: String) -> Self {
        Self { field: None, text }
    }
}

impl From<&str> for Sentence {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// An English sentence or label in another language.
pub(crate) fn translate(language: Language, english: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Pseudo => format!("⟦{}⟧", english.split(' ').map(pseudo).collect::<Vec<_>>().join(" ")),
        _ => translated(language, english).unwrap_or_else(|| english.to_owned()),
    }
}

fn translated(language: Language, english: &str) -> Option<String> {
    TEMPLATES.iter().find_map(|(template, others)| {
        let parts = fitting(template, english)?;
        let mut said = String::new();
        let mut labels = parts.iter();
        for (at, piece) in column(language, others)?.split("{}").enumerate() {
            if at > 0 {
                said.push_str(&labels.next().map_or(Cow::Borrowed(""), |part| label(language, part)));
            }
            said.push_str(piece);
        }
        Some(said)
    })
}

/// The texts that stand for the placeholders of a template, if the sentence is one of it.
fn fitting<'a>(template: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = template.split("{}");
    let mut rest = sentence.strip_prefix(pieces.next()?)?;
    let pieces: Vec<&str> = pieces.collect();
    let mut found = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let end = if at + 1 == pieces.len() {
            rest.len().checked_sub(piece.len()).filter(|&end| rest.is_char_boundary(end) && rest[end..] == **piece)?
        } else {
            rest.find(piece)?
        };
        found.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    rest.is_empty().then_some(found)
}

fn label(language: Language, english: &str) -> Cow<'_, str> {
    let known = LABELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(english));
    known.and_then(|(_, others)| column(language, others)).map_or(Cow::Borrowed(english), Cow::Borrowed)
}

fn column<'a>(language: Language, others: &[&'a str; 3]) -> Option<&'a str> {
    match language {
        Language::Dutch => Some(others[0]),
        Language::Spanish => Some(others[1]),
        Language::German => Some(others[2]),
        Language::English | Language::Pseudo => None,
    }
}

/// Replaces the vowels, so that no word is English any more. Names of attributes are no words.
fn pseudo(word: &str) -> String {
    if word.contains('_') || word.contains('@') {
        return word.to_owned();
    }
    let accented = |letter| match letter {
        'a' | 'A' => 'á',
        'e' | 'E' => 'ë',
        'i' | 'I' => 'ï',
        'o' | 'O' => 'ø',
        'u' | 'U' => 'ü',
        other => other,
    };
    word.chars().map(accented).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Language::Dutch, "Source can't be empty", "Bron mag niet leeg zijn")]
    #[case(Language::Spanish, "The mobile number already exists.", "El número de móvil ya existe.")]
    #[case(Language::German, "Invalid contact status provided.", "Ungültiger Wert für Kontaktstatus angegeben.")]
    #[case(
        Language::Dutch,
        "Job title is too long (maximum is 255 characters)",
        "Functie is te lang (maximaal 255 tekens)"
    )]
    #[case(Language::Dutch, "Something nobody translated", "Something nobody translated")]
    #[case(Language::Pseudo, "Invalid value for mobile_number.", "⟦ïnválïd válüë før mobile_number.⟧")]
    #[case(Language::English, "Not found", "Not found")]
    fn a_sentence_is_said_in_the_language(#[case] language: Language, #[case] english: &str, #[case] said: &str) {
        assert_eq!(translate(language, english), said);
    }

    #[test]
    fn every_template_keeps_its_placeholders() {
        for (template, others) in TEMPLATES {
            let places = template.matches("{}").count();
            assert!(others.iter().all(|other| other.matches("{}").count() == places), "{template}");
        }
    }
}
