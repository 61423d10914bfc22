//! Patterns of names: exact but for case, with `*` for anything.

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(written: &str) -> Pattern {
        Pattern(written.trim().to_lowercase())
    }

    /// Whether a dotted name that it matches can have that part before its dot.
    pub(super) fn may_begin_with(&self, part: &str) -> bool {
        let own = self.0.split('.').next().unwrap_or_default();
        Pattern(own.to_owned()).matches(part)
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// A length of time such as `30m`, `24h` or `2d`, in seconds.
pub(super) fn seconds(written: &str) -> Option<i64> {
    let written = written.trim();
    let unit = written.chars().last()?;
    let count: i64 = written[..written.len() - unit.len_utf8()].trim().parse().ok().filter(|count| *count >= 0)?;
    let of_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    count.checked_mul(of_unit).filter(|seconds| *seconds <= 10 * 366 * 86_400)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Trial Started", "trial started", true)]
    #[case("Trial *", "Trial Started", true)]
    #[case("Trial *", "A Trial Started", false)]
    #[case("*started", "Trial Started", true)]
    #[case("*", "", true)]
    #[case("a*b*c", "a1b2c", true)]
    #[case("a*b*c", "abc d", false)]
    #[case("ab*ba", "aba", false)]
    fn a_pattern(#[case] pattern: &str, #[case] name: &str, #[case] matches: bool) {
        assert_eq!(Pattern::new(pattern).matches(name), matches);
    }

    #[rstest]
    #[case("90s", Some(90))]
    #[case("2d", Some(172_800))]
    #[case(" 1 w", Some(604_800))]
    #[case("2", None)]
    #[case("-2h", None)]
    #[case("2 years", None)]
    #[case("", None)]
    #[case("9999999999999d", None)]
    fn a_length_of_time(#[case] written: &str, #[case] expected: Option<i64>) {
        assert_eq!(seconds(written), expected);
    }
}
