//! What one group does, on this thread: the operations wait already, and the channel is closed behind them.

use std::path::Path;
use std::time::{Duration, Instant};

use leadgate_store::Store as _;
use rusqlite::Connection;

use super::*;
use crate::open::beside;
use crate::{SqliteConfig, SqliteStore};

type Answers = Vec<oneshot::Receiver<Result<(), StoreError>>>;

/// Inserts the number; fails after that, or gives the transaction up, if told to.
#[derive(Clone, Copy)]
enum Act {
    Insert(i64),
    InsertThenFail(i64),
    LoseTransaction,
}

fn act(act: Act, connection: &Connection, announcements: &mut Announcements) -> Result<(), StoreError> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(|error| store_error(&error));
    announcements.work = true;
    match act {
        Act::Insert(number) => run(&format!("INSERT INTO numbers VALUES ({number})")),
        Act::InsertThenFail(number) => {
            run(&format!("INSERT INTO numbers VALUES ({number})"))?;
            Err(StoreError::Unavailable("made to fail".to_owned()))
        }
        Act::LoseTransaction => {
            run("ROLLBACK")?;
            Err(StoreError::DiskFull)
        }
    }
}

fn write(connection: Connection, acts: &[Act]) -> (Connection, Vec<Result<(), StoreError>>, bool) {
    let (mut writer, mut group) = Writer::without_thread(connection, Arc::default());
    let sender = writer.sender.take().unwrap();
    let mut answers: Answers = Vec::new();
    for &one in acts {
        let (reply, answer) = oneshot::channel();
        let work =
            move |connection: &Connection, announcements: &mut Announcements| act(one, connection, announcements);
        sender
            .send(Box::new(Call {
                scope: Scope::Savepoint,
                caller: Caller::Crowd,
                work: Some(work),
                result: None,
                reply,
            }))
            .unwrap();
        answers.push(answer);
    }
    drop(sender);
    writer.crowd_under_way.store(acts.len(), Ordering::Relaxed);
    write_until_closed(&mut group, &writer.signals);
    let results = answers.iter_mut().map(|answer| answer.try_recv().unwrap()).collect();
    let signalled = futures::FutureExt::now_or_never(writer.signals.work()).is_some();
    let pen = Arc::clone(&group.pen);
    drop((writer, group));
    (Arc::into_inner(pen).unwrap().into_inner().unwrap().connection, results, signalled)
}

fn empty() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
    connection
}

fn numbers(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn one_that_fails_is_undone_and_the_others_of_its_group_are_kept() {
    let (connection, results, signalled) = write(empty(), &[Act::Insert(1), Act::InsertThenFail(2), Act::Insert(3)]);
    assert_eq!(numbers(&connection), [1, 3]);
    assert!(results[0].is_ok() && results[1].is_err() && results[2].is_ok());
    assert!(signalled);
}

#[test]
fn what_failed_is_not_announced() {
    let (_, results, signalled) = write(empty(), &[Act::InsertThenFail(1)]);
    assert!(results[0].is_err() && !signalled);
}

#[test]
fn a_group_that_loses_its_transaction_is_told_why_and_the_next_goes_on() {
    let acts = [Act::Insert(1), Act::LoseTransaction, Act::Insert(2)];
    let (connection, results, signalled) = write(empty(), &acts);
    // The third had not been taken into the group when it was lost, so it is a group of its own.
    assert_eq!(numbers(&connection), [2]);
    assert!(matches!(results[..], [Err(StoreError::DiskFull), Err(StoreError::DiskFull), Ok(())]));
    assert!(signalled);
}

#[test]
fn a_group_whose_commit_fails_is_told_so_and_nothing_is_kept() {
    let connection = empty();
    let deferred = "PRAGMA foreign_keys = ON; CREATE TABLE parents (id INTEGER PRIMARY KEY);
        CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER orphan AFTER INSERT ON numbers WHEN new.number = 13
            BEGIN INSERT INTO children VALUES (13); END;";
    connection.execute_batch(deferred).unwrap();
    let (connection, results, signalled) = write(connection, &[Act::Insert(1), Act::Insert(13)]);
    assert!(results.iter().all(Result::is_err) && !signalled);
    assert!(numbers(&connection).is_empty());
    let (connection, results, _) = write(connection, &[Act::Insert(2)]);
    assert!(results[0].is_ok());
    assert_eq!(numbers(&connection), [2]);
}

/// A writer whose thread is this one: what callers ask for waits in the channel of the group.
fn side_by_side() -> (Writer, Group) {
    Writer::without_thread(empty(), Arc::default())
}

/// Each asks and goes away; what it asked for is done all the same.
fn ask(writer: &Writer, callers: &[Caller]) {
    for &caller in callers {
        let work =
            |connection: &Connection, announcements: &mut Announcements| act(Act::Insert(1), connection, announcements);
        let waiting = futures::FutureExt::now_or_never(writer.run(Scope::OneStatement, caller, work));
        assert!(waiting.is_none());
    }
}

/// Commits one group and answers it. Returns how many shared the commit.
fn one_group(group: &mut Group) -> usize {
    let first = group.wait_for_first().unwrap();
    group.admit(first);
    let pen = Arc::clone(&group.pen);
    let mut pen = pen.lock().unwrap();
    group.commit(&mut pen, &mut Announcements::default()).unwrap();
    let members = group.members.len();
    group.answer(&mut pen, None);
    members
}

/// Whether the group that one member of the crowd begins would be held back for others, after these callers shared a commit.
fn is_held_back_after(callers: &[Caller]) -> bool {
    let (writer, mut group) = side_by_side();
    ask(&writer, callers);
    assert_eq!(one_group(&mut group), callers.len());
    ask(&writer, &[Caller::Crowd]);
    let first = group.wait_for_first().unwrap();
    group.admit(first);
    let mut give_up_waiting_at = None;
    group.take_more(&writer.pen.lock().unwrap().patience, &mut give_up_waiting_at);
    give_up_waiting_at.is_some()
}

#[test]
fn a_lone_member_of_the_crowd_waits_for_no_single_caller() {
    assert!(!is_held_back_after(&[Caller::Crowd, Caller::Single, Caller::Single]));
}

#[test]
fn those_who_were_answered_together_are_waited_for() {
    assert!(is_held_back_after(&[Caller::Crowd, Caller::Crowd]));
}

#[test]
fn of_a_crowd_that_is_back_nobody_is_held_back() {
    let (writer, mut group) = side_by_side();
    for _ in 0..2 {
        ask(&writer, &[Caller::Crowd, Caller::Single, Caller::Crowd]);
        assert_eq!(one_group(&mut group), 3);
    }
    assert_eq!(writer.pen.lock().unwrap().patience.expected, 2);
    assert_eq!(writer.crowd_under_way.load(Ordering::Relaxed), 0);
}

/// What one member of the crowd is told who inserts the number; nothing if it waits for the thread, of which there is none.
fn insert(writer: &Writer, number: i64) -> Option<Result<(), StoreError>> {
    let work = move |connection: &Connection, announcements: &mut Announcements| {
        act(Act::Insert(number), connection, announcements)
    };
    futures::FutureExt::now_or_never(writer.run(Scope::OneStatement, Caller::Crowd, work))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lone_member_of_the_crowd_writes_without_the_thread() {
    let (writer, group) = side_by_side();
    assert!(matches!(insert(&writer, 1), Some(Ok(()))));
    assert!(matches!(insert(&writer, 2), Some(Ok(()))));
    assert_eq!(numbers(&group.pen.lock().unwrap().connection), [1, 2]);
    assert!(futures::FutureExt::now_or_never(writer.signals.work()).is_some());
    assert_eq!(writer.crowd_under_way.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_others_run_tasks_too_a_brief_commit_is_written_in_one_piece() {
    let (writer, group) = side_by_side();
    assert!(matches!(insert(&writer, 1), Some(Ok(()))));
    assert!(writer.pen.lock().unwrap().patience.is_brief());
    // Here the runtime cannot be told that a task blocks; it panics where that is tried.
    let local = tokio::task::LocalSet::new();
    assert!(matches!(local.run_until(async { insert(&writer, 2) }).await, Some(Ok(()))));
    assert_eq!(numbers(&group.pen.lock().unwrap().connection), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[should_panic(expected = "can call blocking only when running on the multi-threaded runtime")]
async fn where_nobody_else_runs_tasks_the_runtime_is_told_of_a_commit_however_brief() {
    let (writer, _group) = side_by_side();
    assert!(matches!(insert(&writer, 1), Some(Ok(()))));
    tokio::task::LocalSet::new().run_until(async { insert(&writer, 2) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_finds_somebody_writing_joins_a_group_and_so_does_the_first_who_is_back() {
    let (writer, mut group) = side_by_side();
    let pen = Arc::clone(&writer.pen);
    let writing = pen.lock().unwrap();
    assert!(insert(&writer, 1).is_none());
    drop(writing);
    assert!(insert(&writer, 2).is_none());
    assert_eq!(one_group(&mut group), 2);
    assert!(insert(&writer, 3).is_none());
    assert_eq!(one_group(&mut group), 1);
    assert!(matches!(insert(&writer, 4), Some(Ok(()))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lone_member_whose_transaction_is_lost_is_told_why_and_the_next_goes_on() {
    let (writer, group) = side_by_side();
    let lose = |connection: &Connection, announcements: &mut Announcements| {
        act(Act::LoseTransaction, connection, announcements)
    };
    let lost = writer.run(Scope::OneStatement, Caller::Crowd, lose).await;
    assert!(matches!(lost, Err(StoreError::DiskFull)));
    assert!(futures::FutureExt::now_or_never(writer.signals.work()).is_none());
    assert!(matches!(insert(&writer, 1), Some(Ok(()))));
    assert_eq!(numbers(&group.pen.lock().unwrap().connection), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_thread_is_reminded_once_of_a_log_that_grows_without_it() {
    let (writer, group) = side_by_side();
    writer.pen.lock().unwrap().since_checkpoint = OPERATIONS_WORTH_A_CHECKPOINT - 2;
    let reminders = (0..4).map(|number| {
        assert!(matches!(insert(&writer, number), Some(Ok(()))));
        group.receiver.try_iter().count()
    });
    assert_eq!(reminders.collect::<Vec<_>>(), [0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_a_panic_nobody_is_told_that_anything_is_kept() {
    let writer = Writer::start(empty(), Arc::default(), LogRoom::default()).unwrap();
    let panics = |_: &Connection, _: &mut Announcements| -> Result<(), StoreError> { panic!("made to") };
    let ended = std::panic::AssertUnwindSafe(writer.run(Scope::OneStatement, Caller::Crowd, panics));
    assert!(futures::FutureExt::catch_unwind(ended).await.is_err());
    let after = writer.run(Scope::OneStatement, Caller::Crowd, |_, _| Ok(()));
    assert!(matches!(after.await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_store_that_no_longer_writes_says_so_to_whoever_asks_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(folder.path().join("store.db"))).unwrap();
    assert!(store.check_room().await.is_ok());
    let panics = |_: &Connection, _: &mut Announcements| -> rusqlite::Result<()> { panic!("made to") };
    assert!(store.write(Scope::OneStatement, panics).await.is_err());
    assert!(matches!(store.check_room().await, Err(StoreError::Unavailable(_))));
}

/// In a file, with a log.
fn in_file(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)").unwrap();
    connection
}

/// What a process would find that starts after this one was killed in this moment.
fn after_a_kill(path: &Path) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(path, &copy).unwrap();
    std::fs::copy(beside(path, "-wal"), beside(&copy, "-wal")).unwrap();
    numbers(&in_file(&copy))
}

#[test]
fn a_log_with_room_holds_what_was_written_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    let (connection, ..) = write(in_file(&path), &[Act::Insert(1)]);
    let mut room = LogRoom::of(&SqliteConfig::new(&path));
    let mut steps = 0;
    while room.is_wanted() {
        room.add_a_step();
        steps += 1;
        assert_eq!(after_a_kill(&path), [1]);
    }
    let length = std::fs::metadata(beside(&path, "-wal")).unwrap().len();
    assert_eq!((length, steps), (16 << 20, 16));
    let (connection, ..) = write(connection, &[Act::Insert(2), Act::Insert(3)]);
    assert_eq!(after_a_kill(&path), [1, 2, 3]);
    drop(connection);
    assert_eq!(numbers(&in_file(&path)), [1, 2, 3]);
}

#[test]
fn a_log_that_is_nothing_but_room_is_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    write(in_file(&path), &[Act::Insert(1)]);
    let connection = in_file(&path);
    LogRoom::of(&SqliteConfig::new(&path)).add_a_step();
    assert_eq!(after_a_kill(&path), [1]);
    let (_connection, ..) = write(connection, &[Act::Insert(2)]);
    assert_eq!(after_a_kill(&path), [1, 2]);
}

#[test]
fn a_log_that_cannot_be_given_room_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut room = LogRoom::of(&SqliteConfig::new(folder.path().join("missing.db")));
    room.add_a_step();
    assert!(!room.is_wanted() && std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_log_gets_room_while_its_writer_is_idle_and_again_after_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    let (writer, mut group) = Writer::without_thread(in_file(&path), Arc::default());
    group.log_room = LogRoom::of(&SqliteConfig::new(&path));
    let idle = || writer.pen.lock().unwrap().last_answer = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    let length = || std::fs::metadata(beside(&path, "-wal")).unwrap().len();
    idle();
    (0..20).for_each(|_| group.use_idleness());
    assert_eq!((length(), group.log_room.is_wanted()), (16 << 20, false));
    let cut = |connection: &Connection, _: &mut Announcements| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|error| store_error(&error))
    };
    let _cutting = futures::FutureExt::now_or_never(writer.run(Scope::Outside, Caller::Single, cut));
    assert_eq!((one_group(&mut group), length()), (1, 0));
    idle();
    group.use_idleness();
    assert_eq!(length(), 1 << 20);
}

#[test]
fn a_log_that_another_process_writes_to_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    let pen = Pen::new(in_file(&path));
    pen.connection.busy_timeout(Duration::ZERO).unwrap();
    let other = in_file(&path);
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO numbers VALUES (1)").unwrap();
    let mut is_at_rest = false;
    pen.with_the_log_at_rest(|| is_at_rest = true);
    assert!(!is_at_rest);
    other.execute_batch("COMMIT").unwrap();
    pen.with_the_log_at_rest(|| is_at_rest = true);
    assert!(is_at_rest && pen.connection.is_autocommit());
}
