//! A cell of a row, and the number in it: what a file has as a number is taken as it is, what it has as a text only where the text is plainly one.

use std::str::FromStr as _;

use rust_decimal::Decimal;

/// Signs and names of money that may stand before or behind an amount.
const MONEY: [&str; 40] = [
    "€", "$", "£", "¥", "₹", "₩", "₽", "₺", "₪", "₱", "฿", "₫", "₴", "R$", "A$", "C$", "US$", "kr", "kr.", "zł", "Kč",
    "Ft", "Fr.", "EUR", "USD", "GBP", "CHF", "JPY", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "BRL", "ZAR", "SGD",
];

/// What a file says in one place of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowCell {
    /// A text; empty where it says nothing.
    Text(String),
    /// What the file itself has as a number, written with a decimal point.
    Number(String),
}

impl Default for RowCell {
    fn default() -> Self {
        RowCell::Text(String::new())
    }
}

impl From<&str> for RowCell {
    fn from(text: &str) -> Self {
        RowCell::Text(text.to_owned())
    }
}

impl RowCell {
    /// Its text.
    pub fn as_str(&self) -> &str {
        match self {
            RowCell::Text(text) | RowCell::Number(text) => text,
        }
    }

    /// Whether it says nothing.
    pub fn is_blank(&self) -> bool {
        self.as_str().trim().is_empty()
    }

    /// An amount as the CRM writes it: of a text, `1.250,50` and `1,250.50` are the same. None where it is not plainly an amount.
    pub(super) fn amount(&self) -> Option<String> {
        match self {
            RowCell::Number(number) => exact(number),
            RowCell::Text(text) => amount_in(text),
        }
    }

    /// `1,200` and `1.200` are both twelve hundred people; of `11-50` and `500+` it is the first number. None where it is no whole number.
    pub(super) fn whole_number(&self) -> Option<u32> {
        match self {
            RowCell::Number(number) => exact(number)?.parse().ok(),
            RowCell::Text(text) => {
                let first = text.split(['-', '+', '–']).next().unwrap_or(text).trim();
                digits_of_groups(first)?.parse().ok()
            }
        }
    }
}

/// `1e3` is `1000`, `2.50` is `2.5`.
fn exact(number: &str) -> Option<String> {
    let decimal = Decimal::from_str(number).or_else(|_| Decimal::from_scientific(number)).ok()?;
    Some(decimal.normalize().to_string())
}

/// A single sign before three digits groups them, unless there is only a zero before it; before others it is the decimal sign.
fn amount_in(text: &str) -> Option<String> {
    let (sign, rest) = signed(text.trim());
    let (inner_sign, number) = signed(without_money(rest));
    let minus = match (sign, inner_sign) {
        ("", inner) => inner,
        (outer, "") => outer,
        _ => return None,
    };
    let (whole, fraction) = match number.rfind(['.', ',']) {
        Some(at) if !groups_thousands(number, at) => (&number[..at], Some(&number[at + 1..])),
        _ => (number, None),
    };
    let whole = digits_of_groups(whole)?;
    match fraction {
        None => Some(format!("{minus}{whole}")),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(format!("{minus}{whole}.{digits}"))
        }
        Some(_) => None,
    }
}

/// Whether the last point or comma of a number, which is at that place, stands between groups of digits.
fn groups_thousands(number: &str, at: usize) -> bool {
    let (before, mark) = (&number[..at], &number[at..=at]);
    number.len() - at == 4 && before != "0" && (!before.contains(['.', ',']) || before.contains(mark))
}

/// The minus where there is one, and what is behind the sign.
fn signed(text: &str) -> (&'static str, &str) {
    for minus in ["-", "\u{2212}"] {
        if let Some(rest) = text.strip_prefix(minus) {
            return ("-", rest.trim_start());
        }
    }
    ("", text.strip_prefix('+').unwrap_or(text).trim_start())
}

/// The text without the sign of money before or behind it.
fn without_money(text: &str) -> &str {
    let is_number = |sign: char| sign.is_ascii_digit();
    let (Some(first), Some(last)) = (text.find(is_number), text.rfind(is_number)) else { return text };
    let before = text[..first].trim().trim_end_matches(['-', '\u{2212}']).trim();
    let behind = text[last + 1..].trim();
    let is_money = |mark: &str| mark.is_empty() || MONEY.iter().any(|known| known.eq_ignore_ascii_case(mark));
    if !is_money(before) || !is_money(behind) {
        return text;
    }
    let from = text[..first].find(['-', '\u{2212}']).unwrap_or(first);
    &text[from..=last]
}

/// The digits of `1,250,000`, `1 250` or `1'250`. None if they are not grouped by threes (or, before the last group, by twos as in India).
fn digits_of_groups(text: &str) -> Option<String> {
    const BETWEEN: [char; 7] = [',', '.', ' ', '\u{a0}', '\u{202f}', '\'', '’'];
    let groups: Vec<&str> = text.split(BETWEEN).collect();
    let digits = |group: &&str| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit());
    let (first, others) = groups.split_first()?;
    let (last, middle) = others.split_last().map_or((None, &[][..]), |(last, middle)| (Some(last), middle));
    let sized = last.is_none_or(|last| last.len() == 3 && first.len() <= 3)
        && middle.iter().all(|group| matches!(group.len(), 2 | 3));
    (sized && groups.iter().all(digits)).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.250,50", Some("1250.50"))]
    #[case("1,250.50", Some("1250.50"))]
    #[case("1.250.000", Some("1250000"))]
    #[case("1'250.50", Some("1250.50"))]
    #[case("1 250,5", Some("1250.5"))]
    #[case("12,34,567.5", Some("1234567.5"))]
    #[case("EUR 1,250", Some("1250"))]
    #[case("1 250 kr", Some("1250"))]
    #[case("-$5.20", Some("-5.20"))]
    #[case("$-5.20", Some("-5.20"))]
    #[case("0.125", Some("0.125"))]
    #[case("12,5", Some("12.5"))]
    #[case("99", Some("99"))]
    #[case("1.5M", None)]
    #[case("12k", None)]
    #[case("(1,000.00)", None)]
    #[case("12 (est. 2026)", None)]
    #[case("1,25,50", None)]
    #[case("5-7", None)]
    #[case("--5", None)]
    #[case("5.", None)]
    #[case("soon", None)]
    fn a_text_is_an_amount_only_where_it_is_plainly_one(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(RowCell::from(text).amount().as_deref(), expected);
    }

    #[rstest]
    #[case("10.125", Some("10.125"))]
    #[case("1999.995", Some("1999.995"))]
    #[case("1e3", Some("1000"))]
    #[case("-2.50", Some("-2.5"))]
    #[case("1e300", None)]
    fn a_number_is_taken_as_it_is(#[case] number: &str, #[case] expected: Option<&str>) {
        assert_eq!(RowCell::Number(number.to_owned()).amount().as_deref(), expected);
    }

    #[rstest]
    #[case(RowCell::from("1,200"), Some(1200))]
    #[case(RowCell::from("11-50"), Some(11))]
    #[case(RowCell::from("500+"), Some(500))]
    #[case(RowCell::from("12.5"), None)]
    #[case(RowCell::Number("12.5".to_owned()), None)]
    #[case(RowCell::Number("12.0".to_owned()), Some(12))]
    fn people_are_counted_whole(#[case] cell: RowCell, #[case] expected: Option<u32>) {
        assert_eq!(cell.whole_number(), expected);
    }
}
