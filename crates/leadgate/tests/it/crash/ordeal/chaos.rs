//! What goes wrong beside the CRM, drawn from a seed, one thing after another at random moments.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use leadgate_postgres_server::Database;
use rand::Rng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

use super::{Client, Lives};

/// How much of it.
pub(super) struct Trouble {
    /// Of processes.
    pub(super) kills: usize,
    /// Of the database's server, which is killed.
    pub(super) restarts: usize,
    /// Of connections to the database, some at a time.
    pub(super) cuts: usize,
    /// Of processes, for longer than the others believe them to be alive.
    pub(super) pauses: usize,
    /// The time between two of them, in milliseconds.
    pub(super) every: Range<u64>,
}

/// How long a process is paused, in milliseconds.
const PAUSE: Range<u64> = 18_000..25_000;
/// How long the server is away, in milliseconds.
const AWAY: Range<u64> = 0..1_500;

#[derive(Clone, Copy)]
enum Blow {
    Kill,
    Restart,
    Cut,
    Pause,
}

/// The gateways, their database, and what happens to them.
pub(super) struct Chaos {
    gateways: Vec<Lives>,
    database: Database,
    blows: Vec<Blow>,
    every: Range<u64>,
    random: SmallRng,
    paused: Vec<(usize, Instant)>,
    done: Done,
}

#[derive(Default)]
struct Done {
    kills: usize,
    restarts: usize,
    connections: usize,
    pauses: usize,
}

impl Chaos {
    pub(super) fn new(gateways: Vec<Lives>, database: Database, trouble: &Trouble, mut random: SmallRng) -> Chaos {
        let kinds = [
            (Blow::Kill, trouble.kills),
            (Blow::Restart, trouble.restarts),
            (Blow::Cut, trouble.cuts),
            (Blow::Pause, trouble.pauses),
        ];
        let mut blows: Vec<Blow> = kinds.into_iter().flat_map(|(blow, count)| vec![blow; count]).collect();
        blows.shuffle(&mut random);
        let (every, paused, done) = (trouble.every.clone(), Vec::new(), Done::default());
        Chaos { gateways, database, blows, every, random, paused, done }
    }

    pub(super) fn client(&self) -> Client {
        Lives::client_of(&self.gateways.iter().collect::<Vec<_>>())
    }

    /// Does it all. Whoever is paused may be so still.
    pub(super) async fn rage(&mut self) {
        for blow in std::mem::take(&mut self.blows) {
            self.wait(self.every.clone()).await;
            self.wake(Instant::now());
            match blow {
                Blow::Kill => tokio::task::block_in_place(|| self.kill()),
                Blow::Restart => self.restart().await,
                Blow::Cut => tokio::task::block_in_place(|| self.cut()),
                Blow::Pause => self.pause(),
            }
        }
    }

    /// Lets the last who are paused go on in time.
    pub(super) async fn end_pauses(&mut self) {
        while let Some((_, until)) = self.paused.first() {
            tokio::time::sleep_until((*until).into()).await;
            self.wake(Instant::now());
        }
    }

    /// What was done.
    pub(super) fn told(&self) -> String {
        self.done.to_string()
    }

    async fn wait(&mut self, milliseconds: Range<u64>) {
        let wait = Duration::from_millis(self.random.random_range(milliseconds));
        tokio::time::sleep(wait).await;
    }

    fn one(&mut self) -> usize {
        self.random.random_range(0..self.gateways.len())
    }

    fn kill(&mut self) {
        let victim = self.one();
        self.paused.retain(|(paused, _)| *paused != victim);
        self.gateways[victim].kill_and_start();
        self.done.kills += 1;
    }

    async fn restart(&mut self) {
        tokio::task::block_in_place(|| self.database.server().stop());
        self.wait(AWAY).await;
        tokio::task::block_in_place(|| self.database.server().crash());
        self.done.restarts += 1;
    }

    /// Ends each connection with the same chance.
    fn cut(&mut self) {
        let (draw, chance) = (self.random.random_range(-1.0..1.0), self.random.random_range(0.1..1.0));
        let ended = self.database.ask(&format!(
            "WITH drawn AS MATERIALIZED (SELECT setseed({draw}))
             SELECT count(pg_terminate_backend(pid)) FROM drawn, pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < {chance}"
        ));
        self.done.connections += ended.parse::<usize>().unwrap();
    }

    /// Pauses one that is not paused, so that one at least works on.
    fn pause(&mut self) {
        if self.paused.len() + 1 == self.gateways.len() {
            return;
        }
        let mut victim = self.one();
        while self.paused.iter().any(|(paused, _)| *paused == victim) {
            victim = self.one();
        }
        self.gateways[victim].pause(true);
        let length = Duration::from_millis(self.random.random_range(PAUSE));
        self.paused.push((victim, Instant::now() + length));
        self.done.pauses += 1;
    }

    fn wake(&mut self, now: Instant) {
        for (paused, _) in self.paused.extract_if(.., |(_, until)| *until <= now) {
            self.gateways[paused].pause(false);
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Done { kills, restarts, connections, pauses } = self;
        write!(
            formatter,
            "{kills} kills, {pauses} pauses, {restarts} restarts of the server, {connections} connections ended"
        )
    }
}
