//! Whether a person sent a post: the honeypot and the time trap.
//!
//! Both are weak on purpose. They keep out programs that fill in every form they find, and none that was made for this page.

use std::time::Duration;

use super::post::FormPost;

/// The field in which a page's script says how long the page had been open, in milliseconds.
pub const TIME_FIELD: &str = "_t";

/// What tells robots from people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trap {
    /// A field that people do not see, so that only robots fill it in.
    pub honeypot: Option<String>,
    /// How long a person needs at least.
    pub fastest: Option<Duration>,
    /// Whether a post that does not say how long it took is a robot's.
    pub time_required: bool,
}

/// Why a post is taken for a robot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Robot {
    /// It filled in what people do not see.
    Honeypot,
    /// It was faster than a person.
    TooFast,
    /// It does not say how long it took, where it must.
    Untimed,
}

impl Robot {
    /// The name that logs use.
    pub fn name(self) -> &'static str {
        match self {
            Robot::Honeypot => "honeypot",
            Robot::TooFast => "too_fast",
            Robot::Untimed => "untimed",
        }
    }
}

impl Trap {
    /// Why the post is taken for a robot's, if it is.
    pub fn caught(&self, post: &FormPost) -> Option<Robot> {
        if self.honeypot.as_deref().is_some_and(|name| filled(post, name)) {
            return Some(Robot::Honeypot);
        }
        let fastest = self.fastest?;
        match post.text(TIME_FIELD).and_then(milliseconds) {
            Some(took) if took < fastest.as_secs_f64() * 1000.0 => Some(Robot::TooFast),
            Some(_) => None,
            None => self.time_required.then_some(Robot::Untimed),
        }
    }

    /// Whether a field is there for the trap, not for the lead.
    pub fn owns(&self, name: &str) -> bool {
        name == TIME_FIELD || self.honeypot.as_deref() == Some(name)
    }
}

fn filled(post: &FormPost, name: &str) -> bool {
    post.fields.iter().any(|(field, text)| field == name && !text.is_empty())
}

/// What `performance.now()` gives: a number with a fraction. Anything else says nothing.
fn milliseconds(text: &str) -> Option<f64> {
    text.parse().ok().filter(|took: &f64| took.is_finite())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn caught(time_required: bool, fields: &[(&str, &str)]) -> Option<Robot> {
        let trap = Trap { honeypot: Some("website2".to_owned()), fastest: Some(Duration::from_secs(3)), time_required };
        let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        trap.caught(&FormPost { fields, ..FormPost::default() })
    }

    #[rstest]
    #[case::person(&[("website2", ""), ("_t", "5120.4")], None)]
    #[case::just_in_time(&[("_t", "3000")], None)]
    #[case::honeypot(&[("website2", "http://spam.test"), ("_t", "9000")], Some(Robot::Honeypot))]
    #[case::a_space(&[("website2", " ")], Some(Robot::Honeypot))]
    #[case::second_time(&[("website2", "x"), ("website2", "")], Some(Robot::Honeypot))]
    #[case::fast(&[("_t", "2999.9")], Some(Robot::TooFast))]
    #[case::zero(&[("_t", "0")], Some(Robot::TooFast))]
    #[case::negative(&[("_t", "-1e300")], Some(Robot::TooFast))]
    #[case::no_script(&[], None)]
    #[case::script_did_not_run(&[("_t", "")], None)]
    #[case::no_number(&[("_t", "soon")], None)]
    #[case::not_finite(&[("_t", "NaN")], None)]
    fn robots(#[case] fields: &[(&str, &str)], #[case] expected: Option<Robot>) {
        assert_eq!(caught(false, fields), expected);
    }

    #[rstest]
    #[case(&[], Some(Robot::Untimed))]
    #[case(&[("_t", "inf")], Some(Robot::Untimed))]
    #[case(&[("_t", "5000")], None)]
    fn where_the_time_must_be_said(#[case] fields: &[(&str, &str)], #[case] expected: Option<Robot>) {
        assert_eq!(caught(true, fields), expected);
    }
}
