//! Encodings inside values.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// A JSON body with this one value.
fn value(value: &str) -> Exchange {
    post("application/json", serde_json::json!({ "v": value }).to_string())
}

#[test]
fn base64_of_text_of_json_and_twice() {
    let once = STANDARD.encode("kim@example.com");
    check(&value(&once), &["$.v json>base64 kim@example.com", &format!("$.v json {once}")]);
    let twice = STANDARD.encode(&once);
    check(
        &value(&twice),
        &["$.v json>base64>base64 kim@example.com", &format!("$.v json>base64 {once}"), &format!("$.v json {twice}")],
    );
    let object = URL_SAFE_NO_PAD.encode(r#"{"uid":"ü?>","n":1}"#);
    assert!(object.contains(['-', '_']));
    check(
        &value(&object),
        &[
            "$.v.uid json>base64url>json_string ü?>",
            "$.v.n json>base64url>json_string 1",
            &format!("$.v json {object}"),
        ],
    );
}

#[test]
fn base64_of_gzip_of_json_in_a_query_string() {
    let mut coded = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(&br#"{"uid":"kim"}"#[..], flate2::Compression::default());
    std::io::Read::read_to_end(&mut encoder, &mut coded).expect("compresses");
    let text = STANDARD.encode(coded);
    let lines = body_lines(&post(FORM, format!("d={text}")));
    assert_eq!(lines[0], "$.d.uid form>base64>gzip>json kim");
}

#[test]
fn what_only_looks_encoded_stays_as_it_is() {
    for text in [
        "6fa459ea-ee8a-3ca4-894e-db77e160355e",
        "d41d8cd98f00b204e9800998ecf8427e",
        "internationalisation",
        "1763939348999123",
        "hello there, world",
        "[draft] note {1}",
        "100% sure",
        "a%zzb",
        "Basic instinct",
    ] {
        check(&value(text), &[&format!("$.v json {text}")]);
    }
}

#[test]
fn tokens_and_credentials_keep_their_header() {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"42","email":"kim@example.com"}"#);
    let token = format!("Bearer eyJhbGciOiJub25lIn0.{claims}.c2ln");
    let basic = format!("Basic {}", STANDARD.encode("kim:pass:word"));
    let lines_in = [("Authorization", token.as_str()), ("X-Auth", &basic), ("Cookie", "p=%7B%22u%22%3A%22kim%22%7D")];
    let exchange = exchange(message(&lines_in, Body::default()));
    let expect = [
        "request.header $.authorization.sub header>jwt 42".to_owned(),
        "request.header $.authorization.email header>jwt kim@example.com".to_owned(),
        "request.header $.authorization.header.alg header>jwt none".to_owned(),
        format!("request.header $.authorization header {token}"),
        "request.header $.x-auth.username header>basic kim".to_owned(),
        "request.header $.x-auth.password header>basic pass:word".to_owned(),
        format!("request.header $.x-auth header {basic}"),
        "request.cookie $.p.u cookie>percent>json_string kim".to_owned(),
    ];
    assert_eq!(lines(&exchange, &Budget::default(), true), expect);
}

/// Bytes that are no text, as a cipher gives them.
fn sealed(length: usize) -> String {
    let bytes = (0_u32..).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).take(length);
    STANDARD.encode(bytes.collect::<Vec<_>>())
}

#[test]
fn a_payload_that_the_app_sealed_is_unread() {
    let unread = |exchange: &Exchange| {
        let lines = body_lines(exchange);
        lines.iter().filter(|line| line.contains(" unread ")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(unread(&post("text/plain", sealed(150))), ["$ unread unsupported"]);
    assert_eq!(unread(&value(&sealed(3_000))), ["$.v unread unsupported"]);
    assert_eq!(unread(&post(FORM, format!("v={}", "9f86d081".repeat(300)))), ["$.v unread unsupported"]);
    for exchange in [
        post("text/plain", "9f86d081".repeat(16)),
        post("text/plain", STANDARD.encode("words that can be read, again and again. ".repeat(9))),
        value(&sealed(600)),
        value(&"GATTACA".repeat(500)),
        exchange(message(&[("X-Proof", &sealed(3_000))], Body::default())),
    ] {
        assert_eq!(unread(&exchange), [""; 0]);
    }
}
