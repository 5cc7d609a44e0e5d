//! `landfall.connection/1`: a tunnel, or a handshake that one side ended.

use serde::Serialize;

use super::destination::{DestinationRecord, destination};
use super::tls::{TlsRecord, tls};
use super::verdict::{VerdictRecord, verdicts};
use super::{
    BytesRecord, CaptureRecord, ClientRecord, Head, OutcomeRecord, Producer, Sealed, SessionRecord, TimingRecord, seal,
};
use crate::exchange::Connection;
use crate::judge::Verdict;
use crate::locate::Placement;

#[derive(Serialize)]
struct ConnectionRecord<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    session: SessionRecord<'a>,
    client: ClientRecord<'a>,
    capture: CaptureRecord,
    outcome: OutcomeRecord,
    bytes: BytesRecord,
    notes: Vec<&'static str>,
    destination: DestinationRecord<'a>,
    tls: Option<TlsRecord<'a>>,
    timing_ms: TimingRecord,
    verdicts: Vec<VerdictRecord<'a>>,
}

/// The line of a connection whose content was not opened.
pub fn connection(
    seq: u64,
    producer: &Producer,
    connection: &Connection,
    placement: &Placement,
    settled: &[Verdict],
) -> Result<Sealed, serde_json::Error> {
    let head = Head {
        schema: "landfall.connection/1",
        id: connection.id.to_string(),
        seq,
        time: connection.started_at,
        producer,
    };
    let record = ConnectionRecord {
        head,
        session: connection.session.as_ref().into(),
        client: (&connection.client).into(),
        capture: CaptureRecord {
            mode: connection.mode.as_str(),
            coverage: connection.coverage.as_str(),
            reason: connection.coverage.reason(),
        },
        outcome: (&connection.outcome).into(),
        bytes: connection.bytes.into(),
        notes: connection.notes.iter().map(|note| note.as_str()).collect(),
        destination: destination(&connection.destination, placement),
        tls: tls(&connection.tls),
        timing_ms: connection.timings.into(),
        verdicts: verdicts(settled),
    };
    seal(&record, seq)
}

#[cfg(test)]
mod tests {
    use crate::ledger::{Entry, samples};

    #[test]
    fn has_the_form_of_the_contract() {
        let Entry::Connected(connection, placement, verdicts) = samples::connected(3) else { unreachable!() };
        let sealed = super::connection(2, &samples::producer(), &connection, &placement, &verdicts).unwrap();
        insta::assert_snapshot!(sealed.line);
    }
}
