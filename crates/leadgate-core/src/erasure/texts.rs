//! What may be an address or a number in a text, in whatever packing the text is.

use std::collections::BTreeSet;

use crate::identity::Email;

/// How often a text can be packed into another and still be looked into.
const DEEPEST: usize = 4;
/// Signs that an address may begin with only in theory; before one they are the sentence's.
const AROUND: &[char] = &['.', '\'', '-', '%'];
/// Signs that are allowed in addresses, but in practice stand before one: `email=ada@example.com`, `mailto/ada@example.com`.
const BEFORE: &[char] = &['=', '/', '?', '&', '#', '{', '}', '|', '`', '!', '$', '*', '^', '~'];
/// Digits of the longest number (E.164) with the `00` before it.
const LONGEST_NUMBER: usize = 17;
/// Shorter ones are rather something else.
const SHORTEST_NUMBER: usize = 7;

/// The text and what it says if it is taken for JSON, percent-encoded or with entities, over and over.
pub(super) fn forms_of(text: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([text.to_lowercase()]);
    let mut newest = vec![text.to_owned()];
    for _ in 0..DEEPEST {
        let unpacked = newest.iter().flat_map(|form| [unescaped(form), percent_decoded(form), without_entities(form)]);
        newest = unpacked.flatten().filter(|form| forms.insert(form.to_lowercase())).collect();
    }
    forms
}

/// Without the escapes of JSON.
fn unescaped(text: &str) -> Option<String> {
    text.contains('\\').then(|| {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find('\\') {
            plain.push_str(&rest[..place]);
            let (sign, length) = escaped_sign(&rest[place..]);
            plain.push(sign);
            rest = &rest[place + length..];
        }
        plain + rest
    })
}

/// The sign that an escape stands for, and how long the escape is.
fn escaped_sign(text: &str) -> (char, usize) {
    let Some(kind) = text.chars().nth(1) else { return ('\\', 1) };
    match kind {
        'n' | 'r' | 't' | 'b' | 'f' => (' ', 2),
        'u' => {
            let code = text.get(2..6).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
            code.map_or(('\\', 1), |sign| (sign, 6))
        }
        other => (other, 1 + other.len_utf8()),
    }
}

/// Without percent-encoding; `+` is a space only where the whole text is a form, for elsewhere it is a sign of addresses.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes: Vec<u8> =
        if is_form(text.as_bytes()) { text.replace('+', " ").into_bytes() } else { text.as_bytes().to_vec() };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let code = bytes.get(place + 1..place + 3).filter(|_| *byte == b'%');
        let code =
            code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        decoded.push(code.unwrap_or(*byte));
        place += if code.is_some() { 3 } else { 1 };
    }
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

/// Whether it can be a form as browsers write them. They write no `@`.
pub(super) fn is_form(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"*-._+%=&".contains(byte))
}

/// Without the entities of XML and HTML that addresses and numbers are written with.
fn without_entities(text: &str) -> Option<String> {
    if !text.contains('&') {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('&') {
        plain.push_str(&rest[..place]);
        let entity = rest[place..].find(';').and_then(|end| Some((entity(&rest[place + 1..place + end])?, end + 1)));
        let (sign, length) = entity.unwrap_or(('&', 1));
        plain.push(sign);
        rest = &rest[place + length..];
    }
    Some(plain + rest)
}

fn entity(name: &str) -> Option<char> {
    if let Some(code) = name.strip_prefix('#') {
        let hexadecimal = code.strip_prefix(['x', 'X']).map(|code| u32::from_str_radix(code, 16));
        return hexadecimal.unwrap_or_else(|| code.parse()).ok().and_then(char::from_u32);
    }
    let known =
        [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("commat", '@'), ("period", '.')];
    known.iter().chain(&[("nbsp", ' '), ("plus", '+')]).find(|(known, _)| *known == name).map(|(_, sign)| *sign)
}

/// What may be an address: around each `@` the longest run of signs that addresses have, and what is left of it without what stands before one.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = Email> + '_ {
    text.match_indices('@').flat_map(|(place, _)| {
        let local = last_run(&text[..place]);
        let domain = first_run(&text[place + 1..]);
        let starts =
            local.char_indices().filter(|(_, sign)| BEFORE.contains(sign)).map(|(at, sign)| at + sign.len_utf8());
        let locals = std::iter::once(0).chain(starts).map(|at| &local[at..]);
        let all = locals.flat_map(|local| [local, local.trim_start_matches(AROUND)]);
        all.filter_map(|local| Email::parse(&format!("{local}@{domain}")).ok()).collect::<BTreeSet<Email>>()
    })
}

fn last_run(text: &str) -> &str {
    let is_outside = |sign: char| !(sign.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(sign));
    text.rfind(is_outside).map_or(text, |place| text[place..].trim_start_matches(is_outside))
}

fn first_run(text: &str) -> &str {
    let is_outside = |sign: char| !(sign.is_alphanumeric() || sign == '-' || sign == '.');
    text.find(is_outside).map_or(text, |place| &text[..place]).trim_end_matches(['.', '-'])
}

/// What may be a number, as digits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// With its country's code, without `+` or `00`.
    Full(String),
    /// Perhaps without.
    Bare(String),
}

/// What may be a number: whole groups of digits that follow each other, with nothing between them but what people write between digits.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = Number> + '_ {
    let is_outside = |sign: char| !(sign.is_ascii_digit() || " -().+/\u{a0}".contains(sign));
    text.split(is_outside).filter(|run| run.len() >= SHORTEST_NUMBER).flat_map(numbers_of_run)
}

fn numbers_of_run(run: &str) -> Vec<Number> {
    let groups = groups(run);
    let mut found = Vec::new();
    for first in 0..groups.len() {
        let mut digits = String::new();
        for (place, (_, group)) in groups.iter().enumerate().skip(first) {
            if place > first && groups[place].0 {
                break;
            }
            digits.push_str(group);
            if digits.len() > LONGEST_NUMBER {
                break;
            }
            let is_continued = first > 0 && groups[..first].iter().any(|(plus, _)| *plus);
            found.extend(
                number(groups[first].0, &digits).filter(|number| !is_continued || matches!(number, Number::Full(_))),
            );
        }
    }
    found
}

/// The groups of digits, each with whether a `+` is before it.
fn groups(run: &str) -> Vec<(bool, &str)> {
    let mut groups = Vec::new();
    let mut rest = run;
    while let Some(start) = rest.find(|sign: char| sign.is_ascii_digit()) {
        let length = rest[start..].find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len() - start);
        groups.push((rest[..start].contains('+'), &rest[start..start + length]));
        rest = &rest[start + length..];
    }
    groups
}

fn number(plus: bool, digits: &str) -> Option<Number> {
    let international = if plus { Some(digits) } else { digits.strip_prefix("00") };
    let number =
        international.map_or_else(|| Number::Bare(digits.to_owned()), |digits| Number::Full(digits.to_owned()));
    (digits.len() >= SHORTEST_NUMBER).then_some(number)
}

/// The part of a number in E.164 that is dialled inside its country; none where that is too short to tell a person.
pub(super) fn national_part(number: &str) -> Option<String> {
    let parsed = phonenumber::parse(None, number).ok()?;
    let code = format!("+{}", parsed.code().value());
    number.strip_prefix(&code).filter(|digits| digits.len() >= SHORTEST_NUMBER).map(str::to_owned)
}
