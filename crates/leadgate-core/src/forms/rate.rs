//! How often: `5/1m`.

use std::num::NonZeroU32;
use std::time::Duration;

/// So many in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once, and within the time.
    pub count: NonZeroU32,
    /// The time in which they come back.
    pub per: Duration,
}

/// What is wrong with a rate.
const WRONG: &str = "is not a rate; write a count and a time, such as 5/1m or 20/1h, or off";

impl Rate {
    /// Reads `5/1m`, `20/h`; `off` is no limit.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Option<Rate>, &'static str> {
        if text == "off" {
            return Ok(None);
        }
        let (count, per) = text.split_once('/').ok_or(WRONG)?;
        let count = count.trim().parse().map_err(|_| WRONG)?;
        let per = duration(per.trim()).filter(|per| !per.is_zero()).ok_or(WRONG)?;
        Ok(Some(Rate { count, per }))
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let many = text.strip_suffix(unit)?;
    // A bare unit is one of it. Four digits are more than anybody needs, and cannot overflow.
    let many: u64 = if many.is_empty() { 1 } else { many.parse().ok().filter(|many| *many < 10_000)? };
    Some(Duration::from_secs(many * seconds))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5/1m", Some((5, 60)))]
    #[case("20/h", Some((20, 3600)))]
    #[case(" 3 / 10s ", Some((3, 10)))]
    #[case("1000/7d", Some((1000, 604_800)))]
    #[case("off", None)]
    fn rates(#[case] text: &str, #[case] expected: Option<(u32, u64)>) {
        let rate = Rate::parse(text).unwrap();
        assert_eq!(rate.map(|rate| (rate.count.get(), rate.per.as_secs())), expected);
    }

    #[rstest]
    #[case("")]
    #[case("5")]
    #[case("0/1m")]
    #[case("5/0m")]
    #[case("-5/1m")]
    #[case("5/1")]
    #[case("5/m1")]
    #[case("5/99999999999999d")]
    #[case("5/1é")]
    fn what_is_no_rate_is_refused(#[case] text: &str) {
        assert_eq!(Rate::parse(text), Err(WRONG));
    }
}
