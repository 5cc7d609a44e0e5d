//! The writer against real databases: groups, faults, imports, crashes.

use std::sync::mpsc;

use super::*;
use crate::exchange::Import;
use crate::ledger::{Reader, Sync, samples};

struct Bench {
    writer: Writer,
    ledger: Arc<Ledger>,
    commits: mpsc::Receiver<(Vec<u64>, u64)>,
}

fn bench(ledger: Ledger, options: WriterOptions, in_force: InForce) -> Bench {
    let ledger = Arc::new(ledger);
    let (told, commits) = mpsc::channel();
    let on_commit = Box::new(move |committed: &Committed| {
        let numbers = committed.records.iter().map(|record| record.seq).collect();
        // Not every test listens.
        told.send((numbers, committed.already_imported)).ok();
    });
    let in_force = Arc::new(ArcSwap::from_pointee(in_force));
    let writer = Writer::spawn(ledger.clone(), in_force, options, on_commit).unwrap();
    Bench { writer, ledger, commits }
}

fn memory(options: WriterOptions) -> Bench {
    bench(Ledger::in_memory().unwrap(), options, samples::in_force())
}

fn texts(reader: &Reader) -> Vec<serde_json::Value> {
    reader.lines(0, 1000).unwrap().iter().map(|line| serde_json::from_str(&line.text).unwrap()).collect()
}

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn writes_everything_in_order_and_settles_with_the_past() {
    let Bench { writer, ledger, commits } = memory(WriterOptions::default());
    let sender = writer.sender();
    for entry in [samples::audit(), samples::assessed(1), samples::connected(2), samples::assessed(3)] {
        sender.send(entry).unwrap();
    }
    let summary = writer.close(PATIENCE);
    assert_eq!(summary, Summary { records: 4, ..Summary::default() });
    assert!(sender.send(samples::audit()).is_err());
    let told: Vec<u64> = commits.iter().flat_map(|(numbers, _)| numbers).collect();
    assert_eq!(told, [0, 1, 2, 3]);
    let reader = ledger.reader().unwrap();
    let lines = texts(&reader);
    let schemas: Vec<_> = lines.iter().map(|line| line["schema"].as_str().unwrap()).collect();
    let exchange = "landfall.exchange/1";
    assert_eq!(schemas, ["landfall.audit/1", exchange, "landfall.connection/1", exchange]);
    assert_eq!(lines[3]["verdicts"][0]["window"]["subjects"], 1);
    let mut edge = crate::ledger::tree::RightEdge::default();
    for line in reader.lines(0, 9).unwrap() {
        let value: serde_json::Value = serde_json::from_str(&line.text).unwrap();
        let mut bare = value.clone();
        bare.as_object_mut().unwrap().remove("log");
        edge.push(crate::ledger::tree::leaf_hash(&serde_json_canonicalizer::to_vec(&bare).unwrap()));
        assert_eq!((value["seq"].as_u64(), value["id"].as_str()), (Some(line.seq), Some(line.id.as_str())));
    }
    assert_eq!(reader.tree().unwrap(), (4, edge.root()));
    assert!(ledger.progress().reached().closed);
}

/// While the first record is being written others come in: they are committed together.
#[test]
fn what_waits_is_committed_as_one_group() {
    let (enter, entered) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new((enter, left));
    let mut in_force = samples::in_force();
    in_force.settle = Box::new(move |assessment, _| {
        let (enter, left) = &*gate.lock().unwrap();
        if !assessment.findings.is_empty() {
            enter.send(()).unwrap();
            left.recv().unwrap();
        }
        crate::judge::Settled::default()
    });
    let options = WriterOptions { group: 3, ..WriterOptions::default() };
    let Bench { writer, commits, .. } = bench(Ledger::in_memory().unwrap(), options, in_force);
    let sender = writer.sender();
    sender.send(samples::assessed(1)).unwrap();
    entered.recv().unwrap();
    for number in 2..=6 {
        let quiet = Entry::Assessed(Box::new(samples::exchange(number)), Box::new(samples::quiet_assessment()));
        sender.send(quiet).unwrap();
    }
    assert_eq!(sender.depth(), 5);
    leave.send(()).unwrap();
    writer.close(PATIENCE);
    let groups: Vec<_> = commits.iter().map(|(numbers, _)| numbers).collect();
    assert_eq!(groups, [vec![0], vec![1, 2, 3], vec![4, 5]]);
}

#[test]
fn one_bad_entry_becomes_a_gap_and_the_rest_is_written() {
    let mut in_force = samples::in_force();
    let settle = in_force.settle;
    in_force.settle = Box::new(move |assessment, known| {
        assert!(known.coverage < 2.0 && assessment.unread.len() == 1, "a fault in the rules");
        settle(assessment, known)
    });
    let Bench { writer, ledger, .. } = bench(Ledger::in_memory().unwrap(), WriterOptions::default(), in_force);
    let panics = Entry::Assessed(Box::new(samples::exchange(1)), Box::new(samples::quiet_assessment()));
    for entry in [panics, samples::assessed(2), samples::assessed(2), samples::assessed(3)] {
        writer.sender().send(entry).unwrap();
    }
    writer.close(PATIENCE);
    let lines = texts(&ledger.reader().unwrap());
    let shown: Vec<_> = lines.iter().map(|line| line["reason"].as_str().unwrap_or("fine")).collect();
    assert_eq!(shown, ["panic", "fine", "rejected", "fine"]);
    assert_eq!(lines[0]["exchanges"], 1);
    assert_eq!(lines[3]["verdicts"][0]["window"]["lower_bound"], true);
}

#[test]
fn the_same_file_is_not_recorded_twice() {
    let imported = |number, index| {
        let mut exchange = samples::exchange(number);
        exchange.import = Some(Import { file_sha256: "ab".repeat(32).into(), index, id: None });
        Entry::Assessed(Box::new(exchange), Box::new(samples::assessment()))
    };
    let Bench { writer, ledger, .. } = memory(WriterOptions { live: false, ..WriterOptions::default() });
    for entry in [imported(1, 0), imported(2, 1), imported(3, 0)] {
        writer.sender().send(entry).unwrap();
    }
    let summary = writer.close(PATIENCE);
    assert_eq!(summary, Summary { records: 2, already_imported: 1, lost: 0 });
    assert_eq!(ledger.reader().unwrap().imported(&"ab".repeat(32)).unwrap(), 2);
}

#[test]
fn a_ledger_goes_on_where_it_was_left_even_without_a_close() {
    let dir = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let open = |dir: &std::path::Path| {
        bench(Ledger::open(dir, Sync::Normal).unwrap(), WriterOptions::default(), samples::in_force())
    };
    let first = open(dir.path());
    first.writer.sender().send(samples::assessed(1)).unwrap();
    first.commits.recv().unwrap();
    // What a killed process leaves behind: the files as they are, write-ahead log included.
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    first.writer.close(PATIENCE);
    drop(first.ledger);
    for dir in [dir.path(), copy.path()] {
        let again = open(dir);
        again.writer.sender().send(samples::assessed(2)).unwrap();
        again.writer.close(PATIENCE);
        let reader = again.ledger.reader().unwrap();
        let lines = texts(&reader);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["seq"], 1);
        assert_eq!(lines[1]["verdicts"][0]["window"]["subjects"], 1);
        assert_eq!(reader.tree().unwrap().0, 2);
    }
}

#[test]
fn blocking_keeps_what_waits_until_the_ledger_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let Bench { writer, ledger, commits } =
        bench(Ledger::open(dir.path(), Sync::Normal).unwrap(), WriterOptions::default(), samples::in_force());
    let health = writer.health();
    assert!(health.is_available());
    ledger.connection().pragma_update(None, "query_only", true).unwrap();
    writer.sender().send(samples::assessed(1)).unwrap();
    while health.is_available() {
        std::thread::yield_now();
    }
    ledger.connection().pragma_update(None, "query_only", false).unwrap();
    assert_eq!(commits.recv().unwrap().0, [0]);
    let summary = writer.close(PATIENCE);
    assert_eq!((summary.records, summary.lost), (1, 0));
}

#[test]
fn closing_a_ledger_that_cannot_be_written_says_what_is_lost() {
    let Bench { writer, ledger, .. } = memory(WriterOptions::default());
    ledger.connection().pragma_update(None, "query_only", true).unwrap();
    writer.sender().send(samples::assessed(1)).unwrap();
    writer.sender().send(samples::audit()).unwrap();
    assert_eq!(writer.close(Duration::ZERO).lost, 1);
}

#[test]
fn shedding_counts_what_was_not_written() {
    let Bench { writer, ledger, commits } =
        memory(WriterOptions { on_trouble: OnTrouble::Shed, ..WriterOptions::default() });
    let health = writer.health();
    ledger.connection().pragma_update(None, "query_only", true).unwrap();
    for number in 0..3 {
        writer.sender().send(samples::assessed(number)).unwrap();
    }
    while health.shed() < 3 {
        std::thread::yield_now();
    }
    ledger.connection().pragma_update(None, "query_only", false).unwrap();
    assert_eq!(commits.recv().unwrap().0, [0]);
    writer.sender().send(samples::assessed(9)).unwrap();
    let summary = writer.close(PATIENCE);
    let lines = texts(&ledger.reader().unwrap());
    assert_eq!((lines[0]["exchanges"].as_u64(), lines[0]["reason"].as_str()), (Some(3), Some("ledger_unavailable")));
    assert_eq!((lines.len(), summary.lost), (2, 0));
}
