//! What one group does, on this thread: the operations wait already, and the channel is closed behind them.

use rusqlite::Connection;

use super::*;

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
    let (sender, receiver) = channel::<Box<dyn Operation>>();
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
    let crowd = Arc::new(AtomicUsize::new(acts.len()));
    let signals = Signals::default();
    let mut group = Group::new(connection, receiver, crowd);
    write_until_closed(&mut group, &signals);
    let results = answers.iter_mut().map(|answer| answer.try_recv().unwrap()).collect();
    let signalled = futures::FutureExt::now_or_never(signals.work()).is_some();
    (group.connection, results, signalled)
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
    let (sender, receiver) = channel();
    let crowd_under_way = Arc::new(AtomicUsize::new(0));
    let group = Group::new(empty(), receiver, Arc::clone(&crowd_under_way));
    (Writer { sender: Some(sender), thread: None, crowd_under_way }, group)
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
fn one_group(group: &mut Group, patience: &mut Patience) -> usize {
    let first = group.wait_for_first().unwrap();
    group.admit(first);
    group.commit(patience, &mut Announcements::default()).unwrap();
    let members = group.members.len();
    group.answer(None, patience);
    members
}

/// Whether the group that one member of the crowd begins would be held back for others, after these callers shared a commit.
fn is_held_back_after(callers: &[Caller]) -> bool {
    let (writer, mut group) = side_by_side();
    let mut patience = Patience::default();
    ask(&writer, callers);
    assert_eq!(one_group(&mut group, &mut patience), callers.len());
    ask(&writer, &[Caller::Crowd]);
    let first = group.wait_for_first().unwrap();
    group.admit(first);
    let mut give_up_waiting_at = None;
    group.take_more(&patience, &mut give_up_waiting_at);
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
    let mut patience = Patience::default();
    for _ in 0..2 {
        ask(&writer, &[Caller::Crowd, Caller::Single, Caller::Crowd]);
        assert_eq!(one_group(&mut group, &mut patience), 3);
    }
    assert_eq!(patience.expected, 2);
    assert_eq!(writer.crowd_under_way.load(Ordering::Relaxed), 0);
}
