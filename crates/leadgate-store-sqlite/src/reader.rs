//! The threads that read. Each has a connection of its own and sees the last commit; none of them waits for the writer.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use leadgate_store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::config::SqliteConfig;
use crate::error::store_error;
use crate::open::open_reader;
use crate::writer::stopped;

/// Two, so that a long list does not hold up the short look-ups.
const READERS: usize = 2;
/// Of a store that is one of many.
const READERS_OF_MANY: usize = 1;

type Query = Box<dyn FnOnce(&mut Connection) + Send>;

/// The reading threads.
#[derive(Debug)]
pub(crate) struct Readers {
    sender: Option<Sender<Query>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(config: &SqliteConfig) -> Result<Readers, StoreError> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut readers = Readers { sender: Some(sender), threads: Vec::new() };
        let count = if config.is_one_of_many { READERS_OF_MANY } else { READERS };
        for _ in 0..count {
            let connection = open_reader(config)?;
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || read_until_closed(connection, &receiver))
                .map_err(|error| StoreError::Unavailable(format!("starting a reader failed: {error}")))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs a query; all its statements see the same commit.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let query: Query = Box::new(move |connection| {
            // A caller that went away needs no answer.
            let _ = reply.send(in_one_view(connection, work));
        });
        self.sender.as_ref().ok_or_else(stopped)?.send(query).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Lets what waits be read, then ends the threads.
    pub(crate) fn close(&mut self) {
        self.sender = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store panicked");
            }
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

fn in_one_view<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction().map_err(|error| store_error(&error))?;
    work(&transaction)
}

fn read_until_closed(mut connection: Connection, receiver: &Mutex<Receiver<Query>>) {
    loop {
        // Nothing that can panic runs while the lock is held.
        let query = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(query) = query else { return };
        query(&mut connection);
    }
}
