//! How a command ends: the process's exit codes, and failures that carry one.

use std::process::ExitCode;

use crate::config::ConfigError;

/// What the exit code of the process means. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It was done.
    Done = 0,
    /// It failed; the message says why.
    Failed = 1,
    /// The configuration cannot be used. (2 is a wrong command line and given by the parser.)
    Configuration = 3,
    /// The gateway or the CRM refused it.
    Refused = 4,
    /// The gateway could not be reached.
    Unreachable = 5,
    /// It was accepted and has not landed yet, or is parked.
    NotYet = 6,
    /// What the API key's user may see was read, and more is kept back.
    Incomplete = 7,
}

/// The codes, for `--help`.
pub(crate) const EXPLAINED: &str = "Exit codes:
  0  done
  1  failed
  2  wrong command line
  3  wrong configuration
  4  refused by the gateway or the CRM
  5  the gateway could not be reached
  6  accepted, but not landed yet, or parked for a person to look at
  7  synced or exported, but rows are kept back from the API key's user";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A failure and the code that the process ends with.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) exit: Exit,
    /// What happened, and what to do.
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit, error: error.into() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::new(Exit::Failed, error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(Exit::Configuration, error)
    }
}

/// What a command comes to.
pub(crate) type CommandResult = Result<Exit, Failure>;
