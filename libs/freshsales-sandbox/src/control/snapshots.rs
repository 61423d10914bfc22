//! `GET` and `PUT /__sandbox/snapshot`: line by line, so that a big account does not need its size twice.

use std::io::{self, BufWriter, Write};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use super::{Answer, Outcome, summary};
use crate::server::Incoming;
use crate::snapshot::Loader;
use crate::wire::Reply;
use crate::{Account, SnapshotError, SnapshotOptions};

/// Sends the account as lines; `requests=1` adds the requests that it remembers.
pub(super) fn save(account: &Account, query: &[(String, String)]) -> Answer {
    let requests = query.iter().any(|(name, value)| name == "requests" && matches!(value.as_str(), "1" | "true"));
    let (sender, lines) = mpsc::channel(4);
    match account.capture(SnapshotOptions { requests }) {
        Ok(capture) => {
            tokio::task::spawn_blocking(move || {
                let mut out = BufWriter::with_capacity(64 * 1024, Sending(sender));
                // An error is a caller who went away.
                drop(capture.write(&mut out).and_then(|()| out.flush()));
            });
        }
        Err(error) => tracing::error!(%error, "the account could not be saved"),
    }
    Answer::Lines(lines)
}

struct Sending(mpsc::Sender<Bytes>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a snapshot as it comes in, and becomes it when it is whole.
///
/// After a mistake the rest is read too, because a caller who is still sending would not see the answer.
pub(super) async fn restore<B: Incoming>(account: Account, mut body: B) -> Outcome {
    let mut loader = Loader::default();
    let mut rest: Vec<u8> = Vec::new();
    let mut fed = Ok(());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("the snapshot broke off: {error}"))?;
        if let Ok(data) = frame.into_data()
            && fed.is_ok()
        {
            rest.extend_from_slice(&data);
            fed = feed_whole_lines(&mut loader, &mut rest);
        }
    }
    let fed = fed.and_then(|()| loader.feed(&rest)).and_then(|()| account.become_loaded(loader));
    fed.map_err(|error| error.to_string())?;
    Ok(Reply::json(summary(&mut account.lock())))
}

fn feed_whole_lines(loader: &mut Loader, received: &mut Vec<u8>) -> Result<(), SnapshotError> {
    let Some(end) = received.iter().rposition(|&byte| byte == b'\n') else { return Ok(()) };
    received[..end].split(|&byte| byte == b'\n').try_for_each(|line| loader.feed(line))?;
    received.drain(..=end);
    Ok(())
}
