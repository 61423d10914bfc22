//! What an app key may do.

use std::fmt;
use std::str::FromStr;

/// One of the things that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Hand over leads, notes, stage moves and events.
    Submit,
    /// See submissions, jobs, deliveries, imports and counts.
    Read,
    /// Release, replay, import, test and switch.
    Operate,
    /// Pass requests through to the account, whose own key then makes them.
    Pass,
}

impl Scope {
    /// Every one.
    pub const ALL: [Scope; 4] = [Scope::Submit, Scope::Read, Scope::Operate, Scope::Pass];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Submit => "submit",
            Scope::Read => "read",
            Scope::Operate => "operate",
            Scope::Pass => "pass",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of them, written `submit,read`, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Everything there is, and what there will be.
    pub const ALL: Scopes = Scopes(u8::MAX);

    /// Whether it is among them.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Scopes {
        Scopes(scope.bit())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Scopes::ALL {
            return formatter.write_str("all");
        }
        let names: Vec<&str> = Scope::ALL.into_iter().filter(|scope| self.allow(*scope)).map(Scope::name).collect();
        formatter.write_str(&names.join(","))
    }
}

/// What is no set of scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is nothing that a key may do; say submit, read, operate, pass, several with commas between them, or all"
)]
pub struct NoScopes(String);

impl FromStr for Scopes {
    type Err = NoScopes;

    fn from_str(text: &str) -> Result<Scopes, NoScopes> {
        if text.trim() == "all" {
            return Ok(Scopes::ALL);
        }
        text.split(',').map(str::trim).try_fold(Scopes(0), |scopes, name| {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name);
            scope.map(|scope| Scopes(scopes.0 | scope.bit())).ok_or_else(|| NoScopes(name.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_as_it_is_written() {
        for text in
            ["all", "submit", "read", "operate", "submit,read", "read,operate", "submit,read,operate", "submit,pass"]
        {
            assert_eq!(text.parse::<Scopes>().map(|scopes| scopes.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", ",", "submit,", "everything", "Submit", "all,read"] {
            assert!(text.parse::<Scopes>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_set_allows_what_is_in_it() {
        let scopes: Scopes = "submit, read".parse().unwrap_or(Scopes::ALL);
        let allowed = Scope::ALL.map(|scope| scopes.allow(scope));
        assert_eq!((allowed, Scopes::ALL.allow(Scope::Operate)), ([true, true, false, false], true));
    }
}
