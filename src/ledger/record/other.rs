//! The lines that are not traffic: `landfall.gap/1`, `landfall.session/1`, `landfall.audit/1`.

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use super::{Head, Producer, Sealed, SessionRecord, exact, millis, seal};
use crate::exchange::Session;
use crate::ledger::{Actor, GapReason, SessionEvent};

#[derive(Serialize)]
struct GapRecord<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    exchanges: Exchanges,
    reason: &'static str,
    #[serde(serialize_with = "millis")]
    from: Timestamp,
    #[serde(serialize_with = "millis")]
    to: Timestamp,
}

/// How many, or why nobody can tell.
#[derive(Serialize)]
#[serde(untagged)]
enum Exchanges {
    Counted(u64),
    Unknown { unknown: &'static str },
}

/// The line of exchanges that passed and were not recorded.
pub fn gap(
    (seq, id): (u64, Ulid),
    producer: &Producer,
    exchanges: Option<u64>,
    reason: GapReason,
    (from, to): (Timestamp, Timestamp),
) -> Result<Sealed, serde_json::Error> {
    let head = Head { schema: "landfall.gap/1", id: id.to_string(), seq, time: to, producer };
    let exchanges = match exchanges {
        Some(count) => Exchanges::Counted(exact(count)),
        None => Exchanges::Unknown { unknown: "not_counted" },
    };
    seal(&GapRecord { head, exchanges, reason: reason.as_str(), from, to }, seq)
}

#[derive(Serialize)]
struct SessionLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    event: &'static str,
    session: SessionRecord<'a>,
    label: Option<&'a str>,
}

/// The line of a session's beginning, end, or marked moment. `label` is the mark's; of other events the session's.
pub fn session(
    (seq, id): (u64, Ulid),
    producer: &Producer,
    event: &SessionEvent,
    session: &Session,
    at: Timestamp,
) -> Result<Sealed, serde_json::Error> {
    let label = match event {
        SessionEvent::Mark(label) => Some(label.as_str()),
        SessionEvent::Opened | SessionEvent::Closed => session.label.as_deref(),
    };
    let head = Head { schema: "landfall.session/1", id: id.to_string(), seq, time: at, producer };
    seal(&SessionLine { head, event: event.as_str(), session: session.into(), label }, seq)
}

#[derive(Serialize)]
struct AuditRecord<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    action: &'a str,
    actor: &'static str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// The line of a change to Landfall itself.
pub fn audit(
    (seq, id): (u64, Ulid),
    producer: &Producer,
    (action, actor): (&str, &Actor),
    (before, after): (Option<&str>, Option<&str>),
    at: Timestamp,
) -> Result<Sealed, serde_json::Error> {
    let head = Head { schema: "landfall.audit/1", id: id.to_string(), seq, time: at, producer };
    seal(&AuditRecord { head, action, actor: actor.as_str(), before, after }, seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;

    #[test]
    fn have_the_form_of_the_contract() {
        let (id, producer, at) = (Ulid::from_parts(1_795_510_882_481, 5), samples::producer(), samples::time());
        let session_of =
            |event: &SessionEvent| session((1, id), &producer, event, &samples::session(), at).unwrap().line;
        let lines = [
            gap((0, id), &producer, Some(7), GapReason::QueueFull, (at, at)).unwrap().line,
            session_of(&SessionEvent::Opened),
            session_of(&SessionEvent::Mark("consent refused".to_owned())),
            audit((3, id), &producer, ("rules_reloaded", &Actor::Signal), (Some("9c1e5f20"), None), at).unwrap().line,
        ];
        insta::assert_snapshot!(lines.join("\n"));
    }
}
