//! The shared corpus of labelled exchanges, where it is at hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;

/// Layers of the corpus that decoding undoes; exchanges behind others are not asked for.
const SUPPORTED: &[&str] = &[
    "base64",
    "base64url_nopad",
    "br",
    "cookie",
    "form",
    "grpc",
    "gzip",
    "header",
    "json",
    "json_string",
    "multipart",
    "ndjson",
    "protobuf",
    "query",
    "socketio",
    "text",
    "websocket",
    "xml",
    "zstd",
];
/// Words of the corpus for what a value is, rather than for a layer around it.
const NOT_LAYERS: &[&str] = &["md5", "sha1", "sha256"];

fn shared(file: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("LANDFALL_SHARED").map_or_else(beside, PathBuf::from);
    std::fs::read_to_string(root.join("corpus").join(file)).ok()
}

#[expect(clippy::print_stderr, reason = "a test that does nothing must say so")]
fn skipped() {
    eprintln!("skipped: no corpus/dev.jsonl in ../shared or $LANDFALL_SHARED");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).expect("base64")
}

fn message_of(side: &Value) -> Message {
    let pairs: Vec<_> =
        side["headers"].as_array().expect("headers").iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
    message(&pairs, Body::whole(bytes(&side["body_b64"])))
}

fn exchange_of(line: &Value) -> Exchange {
    let mut exchange = exchange(message_of(&line["request"]));
    let url = text(&line["request"]["url"]).splitn(4, '/').nth(3).unwrap_or_default();
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    exchange.request.path = format!("/{path}");
    exchange.request.query = query.map(str::to_owned);
    exchange.response = Ok(Response { status: 200, message: message_of(&line["response"]) });
    let socket = line["ws"].as_array().into_iter().flatten();
    exchange.messages = socket
        .map(|message| SocketMessage {
            direction: if message["dir"] == "send" { SocketDirection::Sent } else { SocketDirection::Received },
            opcode: if message["opcode"] == 1 { 1 } else { 2 },
            payload: bytes(&message["data_b64"]).into(),
            at: None,
        })
        .collect();
    exchange
}

/// Whether a field holds the label's value, or one that counts as well.
fn is_found(label: &Value, decoded: &Decoded<'_>) -> bool {
    let accepted = label["accept"].as_array().into_iter().flatten().map(text);
    let wanted: Vec<&str> = accepted.chain([text(&label["value"])]).filter(|value| !value.is_empty()).collect();
    let in_part = decoded.fields.iter().filter(|field| field.part.as_str() == text(&label["where"]));
    in_part.into_iter().any(|field| wanted.iter().any(|value| field.value.contains(value)))
}

#[test]
fn labelled_values_come_out() {
    let Some(corpus) = shared("dev.jsonl") else { return skipped() };
    let mut found_of: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in corpus.lines() {
        let line: Value = serde_json::from_str(line).expect("a corpus line");
        let exchange = exchange_of(&line);
        let arena = Arena::default();
        let decoded = decode(&exchange, &arena, &Budget::default());
        for label in line["labels"].as_array().expect("labels") {
            let layers: Vec<&str> = label["encoding"].as_array().expect("layers").iter().map(text).collect();
            if layers.iter().all(|layer| SUPPORTED.contains(layer) || NOT_LAYERS.contains(layer)) {
                let (found, all) = found_of.entry(layers.join(">")).or_default();
                *found += usize::from(is_found(label, &decoded));
                *all += 1;
            }
        }
    }
    let short: Vec<_> = found_of.iter().filter(|(_, (found, all))| found < all).collect();
    let (found, all) = found_of.values().fold((0, 0), |(f, a), (found, of)| (f + found, a + of));
    assert!(all > 900 && found == all, "{found} of {all}; short: {short:?}");
}
