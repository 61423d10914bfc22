//! Amounts: decimal strings with at least one decimal, `"5600.0"`, computed without binary fractions.

use std::fmt;
use std::ops::AddAssign;

use serde_json::Value;

/// An amount in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(i128);

const SCALE: i128 = 1_000_000;

impl Money {
    /// Reads a JSON number or a decimal string; more than six decimals are cut off.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_text(&number.to_string()),
            Value::String(text) => Self::from_text(text.trim()),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty() || whole.len() + decimals.len() == 0 || !all_digits(whole) || !all_digits(decimals) {
            return None;
        }
        let decimals = format!("{decimals:0<6}");
        let millionths: i128 = format!("{whole}{}", &decimals[..6]).parse().ok()?;
        (whole.len() <= 20).then_some(Self(if negative { -millionths } else { millionths }))
    }

    /// The amount so many times; a count can have decimals too.
    pub(crate) fn times(self, count: Self) -> Self {
        Self(self.0.saturating_mul(count.0) / SCALE)
    }

    /// The amount less a discount in percent.
    pub(crate) fn less_percent(self, discount: Self) -> Self {
        Self(self.0.saturating_mul(100 * SCALE - discount.0) / (100 * SCALE))
    }

    /// As a JSON number with decimals: `80.0`.
    pub(crate) fn to_number(self) -> Value {
        self.to_string().parse::<f64>().map_or(Value::Null, Value::from)
    }

    /// This share of the amount, in percent.
    pub(crate) fn percent(self, percent: i64) -> Self {
        Self(self.0 * i128::from(percent) / 100)
    }
}

impl Money {
    /// The amount at an exchange rate.
    pub(crate) fn at_rate(self, rate: Self) -> Self {
        self.0.checked_mul(rate.0).map_or(self, |product| Self(product / SCALE))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let scale = SCALE.unsigned_abs();
        let decimals = format!("{:06}", magnitude % scale);
        let trimmed = decimals.trim_end_matches('0');
        write!(formatter, "{sign}{}.{}", magnitude / scale, if trimmed.is_empty() { "0" } else { trimmed })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(5600), Some("5600.0"))]
    #[case(json!(5600.5), Some("5600.5"))]
    #[case(json!("1200.00"), Some("1200.0"))]
    #[case(json!("-3.25"), Some("-3.25"))]
    #[case(json!("0.1234567"), Some("0.123456"))]
    #[case(json!("12,5"), None)]
    #[case(json!(""), None)]
    #[case(json!(true), None)]
    fn reads_and_prints(#[case] value: Value, #[case] shown: Option<&str>) {
        assert_eq!(Money::parse(&value).map(|money| money.to_string()).as_deref(), shown);
    }

    #[test]
    fn takes_a_share() {
        assert_eq!(Money::parse(&json!("0.1")).unwrap().percent(30).to_string(), "0.03");
    }

    #[test]
    fn counts_and_discounts_are_exact() {
        let money = |text: &str| Money::parse(&json!(text)).unwrap();
        assert_eq!(money("0.1").times(money("3")).less_percent(money("12.5")).to_string(), "0.2625");
        assert_eq!((money("80").to_number(), money("0.30").to_number()), (json!(80.0), json!(0.3)));
    }
}
