//! Log lines on standard error: text where a person watches, JSON where a program collects them.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::screen::Screen;

/// Starts logging. `verbosity` counts the `-v` flags, which raise the level.
pub(crate) fn start(settings: &LogSettings, verbosity: u8, screen: &Screen) {
    let level = match verbosity {
        0 => settings.level.as_str(),
        1 => "debug",
        _ => "trace",
    };
    // The settings were checked; what still fails is left out rather than keeping the gateway from starting.
    let filter = EnvFilter::builder().parse_lossy(level);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(screen.colors_logs()).try_init()
    };
    if started.is_err() {
        screen.warn("logging was started already; this process logs as it was first told to");
    }
}
