//! `leadgate completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use crate::exit::Exit;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The shell
    shell: Shell,
}

pub(super) fn run(flags: &Flags) -> Exit {
    clap_complete::generate(flags.shell, &mut Cli::command(), "leadgate", &mut std::io::stdout());
    Exit::Done
}
