//! `landfall.exchange/1`: one audited exchange.

use std::sync::Arc;

use serde::Serialize;

use super::destination::{DestinationRecord, destination};
use super::finding::{CategoryRecord, FindingRecord, InspectionRecord, categories, findings, inspection};
use super::http::{HttpRecord, http};
use super::tls::{TlsRecord, tls};
use super::verdict::{VerdictRecord, verdicts};
use super::{
    BytesRecord, CaptureRecord, ClientRecord, Head, OutcomeRecord, Producer, Sealed, SessionRecord, TimingRecord,
    exact, seal,
};
use crate::audit::Assessment;
use crate::detect::Finding;
use crate::exchange::{Exchange, Import, StreamSegment};
use crate::judge::Settled;

#[derive(Serialize)]
struct ExchangeRecord<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    import: Option<ImportRecord<'a>>,
    session: SessionRecord<'a>,
    client: ClientRecord<'a>,
    capture: CaptureRecord,
    outcome: OutcomeRecord,
    bytes: BytesRecord,
    stream: Option<StreamRecord>,
    notes: Vec<&'static str>,
    destination: DestinationRecord<'a>,
    tls: Option<TlsRecord<'a>>,
    http: HttpRecord,
    timing_ms: TimingRecord,
    inspection: InspectionRecord<'a>,
    findings: Vec<FindingRecord<'a>>,
    categories: Vec<CategoryRecord<'a>>,
    verdicts: Vec<VerdictRecord<'a>>,
}

#[derive(Serialize)]
struct ImportRecord<'a> {
    file_sha256: &'a str,
    index: u64,
    id: Option<&'a str>,
}

impl<'a> From<&'a Import> for ImportRecord<'a> {
    fn from(import: &'a Import) -> Self {
        Self { file_sha256: &import.file_sha256, index: exact(import.index), id: import.id.as_deref() }
    }
}

#[derive(Serialize)]
struct StreamRecord {
    id: String,
    segment: u32,
    last: bool,
}

impl From<StreamSegment> for StreamRecord {
    fn from(stream: StreamSegment) -> Self {
        Self { id: stream.id.to_string(), segment: stream.segment, last: stream.last }
    }
}

/// The line of an exchange. `settled` are the verdicts with their windows; `class` names a finding's listed-identifier class.
pub fn exchange(
    seq: u64,
    producer: &Producer,
    (exchange, assessment): (&Exchange, &Assessment),
    settled: &Settled,
    class: &dyn Fn(&Finding) -> Option<Arc<str>>,
) -> Result<Sealed, serde_json::Error> {
    let head =
        Head { schema: "landfall.exchange/1", id: exchange.id.to_string(), seq, time: exchange.started_at, producer };
    let record = ExchangeRecord {
        head,
        import: exchange.import.as_ref().map(ImportRecord::from),
        session: exchange.session.as_ref().into(),
        client: (&exchange.client).into(),
        capture: CaptureRecord {
            mode: exchange.mode.as_str(),
            coverage: exchange.coverage.as_str(),
            reason: exchange.coverage.reason(),
        },
        outcome: (&exchange.outcome).into(),
        bytes: exchange.bytes.into(),
        stream: exchange.stream.map(StreamRecord::from),
        notes: exchange.notes.iter().map(|note| note.as_str()).collect(),
        destination: destination(&exchange.destination, &assessment.placement),
        tls: tls(&exchange.tls),
        http: http(exchange, &assessment.findings),
        timing_ms: exchange.timings.into(),
        inspection: inspection(assessment.inspection, &assessment.unread),
        findings: findings(&assessment.findings, class),
        categories: categories(&settled.categories),
        verdicts: verdicts(&settled.verdicts),
    };
    seal(&record, seq)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use bytes::Bytes;
    use serde_json::Value;

    use super::*;
    use crate::decode::{Part, PartKind};
    use crate::exchange::{NoPeer, NoResponse, Peer};
    use crate::ledger::samples;
    use crate::ledger::tree::hex;

    fn line(exchange: &Exchange, assessment: &Assessment) -> Sealed {
        let in_force = samples::in_force();
        let known =
            crate::judge::Known { subjects: [(samples::cell(), 812)].into(), coverage: 0.34, ..Default::default() };
        let settled = (in_force.settle)(assessment, &known);
        super::exchange(14213, &in_force.producer, (exchange, assessment), &settled, &in_force.listed_class).unwrap()
    }

    #[test]
    fn has_the_form_of_the_contract() {
        let sealed = line(&samples::exchange(1), &samples::assessment());
        assert!(!sealed.line.contains('\n'));
        // `arbitrary_precision` is off and `preserve_order` too: the order of keys is shown as text.
        insta::assert_snapshot!(pretty(&sealed.line));
    }

    /// A line break before each top-level key: order shows, and a change shows on its own line.
    fn pretty(line: &str) -> String {
        let (mut depth, mut text) = (0, String::new());
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                '{' | '[' if !quoted => depth += 1,
                '}' | ']' if !quoted => depth -= 1,
                _ => {}
            }
            text.push(c);
            if c == ',' && depth <= 2 && !quoted {
                text.push_str(["", "\n", "\n  "][depth]);
            }
        }
        text
    }

    /// By another road: parse the line, take `log` out, sort the keys, hash.
    #[test]
    fn the_leaf_can_be_recomputed_from_the_line() {
        let sealed = line(&samples::exchange(1), &samples::assessment());
        let mut value: Value = serde_json::from_str(&sealed.line).unwrap();
        let log = value.as_object_mut().unwrap().remove("log").unwrap();
        let mut text = vec![0];
        canonical(&value, &mut text);
        assert_eq!(log["leaf"], hex(digest(&SHA256, &text).as_ref()));
        assert_eq!(log["index"], value["seq"]);
    }

    /// RFC 8785 for what these lines hold: ASCII keys, and numbers without exponents.
    fn canonical(value: &Value, out: &mut Vec<u8>) {
        let join = |out: &mut Vec<u8>, index| {
            if index > 0 {
                out.push(b',');
            }
        };
        match value {
            Value::Object(map) => {
                let sorted: std::collections::BTreeMap<_, _> = map.iter().collect();
                out.push(b'{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    join(out, index);
                    out.extend(format!("{key:?}:").bytes());
                    canonical(value, out);
                }
                out.push(b'}');
            }
            Value::Array(values) => {
                out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    join(out, index);
                    canonical(value, out);
                }
                out.push(b']');
            }
            Value::Number(number) => out.extend(number.to_string().trim_end_matches(".0").bytes()),
            other => out.extend(other.to_string().bytes()),
        }
    }

    #[test]
    fn unknown_says_why() {
        let mut exchange = samples::exchange(1);
        exchange.destination.peer = Err(NoPeer::Unresolved);
        exchange.response = Err(NoResponse::NotRecorded);
        exchange.tls = Default::default();
        let mut assessment = samples::assessment();
        Arc::make_mut(&mut assessment.placement).location = Err(crate::locate::Unplaced::NoPeer);
        let candidates = vec![crate::locate::Country::new("US").unwrap(), crate::locate::Country::new("IE").unwrap()];
        Arc::make_mut(&mut assessment.placement).owner = Err(crate::locate::Unplaced::Disputed(candidates));
        assessment.categories[0].subject = crate::judge::CategorySubject::Unattributed;
        let value: Value = serde_json::from_str(&line(&exchange, &assessment).line).unwrap();
        let check = |pointer: &str, expect: &str| {
            assert_eq!(value.pointer(pointer).map(Value::to_string).as_deref(), Some(expect), "{pointer}");
        };
        check("/destination/address", r#"{"unknown":"unresolved"}"#);
        check("/destination/location", r#"{"unknown":"no_peer"}"#);
        check("/destination/owner", r#"{"candidates":["US","IE"],"unknown":"disputed"}"#);
        check("/http/status", r#"{"unknown":"not_recorded"}"#);
        check("/http/response", r#"{"unknown":"not_recorded"}"#);
        check("/categories/0/subject", r#"{"unknown":"unattributed"}"#);
        check("/tls", "null");
        check("/import", "null");
    }

    #[test]
    fn many_subjects_fold_into_one_line() {
        let mut assessment = samples::assessment();
        let key = crate::detect::SubjectKey::new(1, &[7; 32]);
        let one = assessment.categories[0].clone();
        let person = |n: u32| crate::judge::CategorySubject::Known(key.subject("email", &n.to_string()));
        assessment.categories = (0..65).map(|n| crate::judge::Category { subject: person(n), ..one.clone() }).collect();
        let lines = |assessment: &Assessment| {
            let value: Value = serde_json::from_str(&line(&samples::exchange(1), assessment).line).unwrap();
            value["categories"].as_array().unwrap().clone()
        };
        let folded = lines(&assessment);
        assert_eq!((folded.len(), &folded[0]["subject"], &folded[0]["subjects"]), (1, &Value::Null, &Value::from(65)));
        assessment.categories.reverse();
        assert_eq!(lines(&assessment), folded);
        assessment.categories.pop();
        assert_eq!(lines(&assessment).len(), 64);
    }

    /// Nothing of what a peer or client can write freely comes through.
    #[test]
    fn no_canary_gets_into_the_line() {
        const CANARY: &str = "4111111111111111";
        const NAME: &str = "zoe.quack@mail.example";
        let mut exchange = samples::exchange(1);
        let (request, destination) = (&mut exchange.request, &mut exchange.destination);
        destination.host = format!("user-{CANARY}.ads.example");
        request.authority = format!("{CANARY}.ads.example");
        request.method = CANARY.to_owned();
        request.path = format!("/u/{CANARY}//{NAME}/zoe-quack/x;{CANARY}");
        request.query = Some(format!("k={CANARY}&{CANARY}=1&{NAME}=2&z={NAME}"));
        let value = Bytes::from(format!("a/b; x={CANARY} {NAME}"));
        for name in ["content-type", "content-encoding", "cookie", "authorization", &format!("x-{CANARY}")] {
            request.message.headers.0.push((name.to_owned(), value.clone()));
            request.message.trailers.0.push((name.to_owned(), value.clone()));
        }
        request.message.headers.0.reverse();
        request.message.body.captured = Bytes::from(CANARY);
        let response = exchange.response.as_mut().unwrap();
        response.message.headers.0 = request.message.headers.0.clone();
        response.message.body.captured = Bytes::from(NAME);
        let peer = Peer { cname: vec![format!("{CANARY}.cdn.example")], ..destination.peer.clone().unwrap() };
        destination.peer = Ok(peer);
        exchange.tls.sni = Some(destination.host.clone());
        let mut assessment = samples::assessment();
        Arc::make_mut(&mut assessment.placement).registrable_domain = Some(format!("{CANARY}.example"));
        let window = assessment.verdicts[0].window.as_mut().unwrap();
        window.recipient_group = format!("{CANARY}.example").into();
        assessment.findings[0].part = Part::request(PartKind::Path);
        assessment.findings[0].path = "$[3]".to_owned();
        assessment.findings[0].revealed = Some(crate::detect::Sensitive::new(NAME.to_owned()));
        assessment.findings[0].preview = "x".repeat(30);
        let line = line(&exchange, &assessment).line;
        for canary in [CANARY, NAME, "zoe", "quack", &"x".repeat(25)] {
            assert!(!line.contains(canary), "{canary} in {line}");
        }
        assert!(line.contains(r#""path_template":"/u/{id}//{email}/{precise_geolocation}/{id}""#), "{line}");
        assert!(line.contains(r#""query_keys":["k","{id}","{email}","z"]"#), "{line}");
    }
}
