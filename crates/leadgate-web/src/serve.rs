//! Accepts connections and serves the router on them, within limits that no peer can stretch.
//!
//! A connection holds one of a fixed number of slots. It loses it when it does not send a whole head in time, which also bounds how long an
//! idle one is kept, and when it does not take its answer in time; a body is bounded by [`crate::WebSettings`]. When all slots are taken,
//! further peers wait in the system's queue.

mod write_timeout;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower_http::add_extension::AddExtension;

use self::write_timeout::WriteTimeout;

/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The largest head of a request, in bytes; a larger one is answered 431.
const LARGEST_HEAD: usize = 32 * 1024;

/// What connections may take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeLimits {
    /// How many there can be at once.
    pub connections: usize,
    /// How long one may take to send the head of a request, counted from the end of the answer before: also how long one may be idle.
    pub head_within: Duration,
    /// How long a peer may take none of its answer.
    pub write_within: Duration,
    /// How long requests under way may take to finish after the shutdown has begun. Then they are cut.
    pub shutdown_within: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        ServeLimits {
            connections: 4096,
            head_within: Duration::from_secs(20),
            write_within: Duration::from_secs(10),
            shutdown_within: Duration::from_secs(15),
        }
    }
}

/// Serves until `shutdown` resolves and the requests under way are answered or cut.
///
/// # Errors
/// If the listener cannot accept any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &slots) => {
                if let Some(accepted) = accepted? {
                    let service = TowerToHyperService::new(AddExtension::new(router.clone(), ConnectInfo(accepted.peer)));
                    connections.spawn(serve_connection(accepted, service, limits.clone(), graceful.watcher()));
                }
            }
        }
    }
    drop(listener);
    finish(graceful, connections, limits.shutdown_within).await;
    Ok(())
}

/// The router, with the peer's address at hand.
type WithPeer = AddExtension<Router, ConnectInfo<SocketAddr>>;

/// A connection and the slot it holds.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
}

/// The next connection, once a slot is free; `None` if it was gone before it was accepted.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<Option<Accepted>> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    match listener.accept().await {
        Ok((stream, peer)) => Ok(Some(Accepted { stream, peer, slot })),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(error),
        Err(error) if is_of_the_peer(&error) => Ok(None),
        Err(error) => {
            tracing::warn!(error.cause = %error, "no connection can be accepted for now");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            Ok(None)
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_connection(
    Accepted { stream, slot, .. }: Accepted,
    service: TowerToHyperService<WithPeer>,
    limits: ServeLimits,
    watcher: Watcher,
) {
    // An answer is one small write; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    let stream = WriteTimeout::new(stream, limits.write_within);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(LARGEST_HEAD)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error.cause = %error, "connection ended early");
    }
    drop(slot);
}

async fn finish(graceful: GracefulShutdown, mut connections: JoinSet<()>, within: Duration) {
    if tokio::time::timeout(within, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections.open = connections.len(), "connections are cut because the shutdown took too long");
    }
    connections.shutdown().await;
}
