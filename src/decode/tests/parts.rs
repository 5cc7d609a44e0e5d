//! Path, query, headers, cookies, trailers, responses, WebSocket messages.

use super::*;

#[test]
fn every_part_of_a_request() {
    let lines_in =
        [("User-Agent", "app/1"), ("Cookie", "sid=\"a1\"; theme=dark; bare"), ("Authorization", "Bearer x.y")];
    let mut exchange = exchange(message(&lines_in, Body::default()));
    exchange.request.path = "/v1/users/J%C3%B6rg%20K//".to_owned();
    exchange.request.query = Some("q=a+b%40c&empty=&user[name]=x&flag&q=2".to_owned());
    exchange.request.message.trailers = headers(&[("X-Sum", "9")]);
    let expect = [
        "request.path $[0] path v1",
        "request.path $[1] path users",
        "request.path $[2] path Jörg K",
        "request.query $.q query a b@c",
        "request.query $.user.name query x",
        "request.query $ query flag",
        "request.query $.q query 2",
        "request.header $.user-agent header app/1",
        "request.cookie $.sid cookie a1",
        "request.cookie $.theme cookie dark",
        "request.cookie $ cookie bare",
        "request.header $.authorization header Bearer x.y",
        "request.header $.x-sum header 9",
    ];
    assert_eq!(lines(&exchange, &Budget::default(), true), expect);
}

#[test]
fn responses_have_cookies_and_bodies() {
    let mut exchange = exchange(message(&[], Body::default()));
    let lines_in =
        [("Set-Cookie", "id=7; Path=/; Secure"), ("set-cookie", "t=x"), ("content-type", "application/json")];
    exchange.response = Ok(Response { status: 200, message: message(&lines_in, Body::whole(r#"{"a":1}"#)) });
    let expect = ["response.cookie $.id cookie 7", "response.cookie $.t cookie x", "response.body $.a json 1"];
    assert_eq!(lines(&exchange, &Budget::default(), false), expect);
}

#[test]
fn socket_messages_are_read_by_their_own_format() {
    let mut exchange = exchange(message(&[], Body::default()));
    let message = |direction, opcode, payload: &'static [u8]| SocketMessage {
        direction,
        opcode,
        payload: Bytes::from_static(payload),
        at: None,
    };
    exchange.messages = vec![
        message(SocketDirection::Sent, 1, br#"{"to":"@a"}"#),
        message(SocketDirection::Received, 1, b"hello"),
        message(SocketDirection::Sent, 2, b"\x00\x01\x02\xff\xfe"),
    ];
    let expect = [
        "request.message $[0].to websocket>json @a",
        "response.message $[1] websocket>text hello",
        "request.message $[2] unread unsupported",
    ];
    assert_eq!(lines(&exchange, &Budget::default(), false), expect);
}

#[test]
fn keys_kinds_and_byte_counts() {
    let arena = Arena::default();
    let exchange = post("application/json", r#"{"a":[1,true,"x"],"b":{"c":null,"d":""}}"#);
    let decoded = decode(&exchange, &arena, &Budget::default());
    let kinds: Vec<_> =
        decoded.fields.iter().filter(|field| field.part.kind == PartKind::Body).map(|f| (f.key, f.kind)).collect();
    let expect = [(Some("a"), ValueKind::Number), (Some("a"), ValueKind::Bool), (Some("a"), ValueKind::Text)];
    assert_eq!(kinds, expect);
    assert_eq!(decoded.bytes_by_format.get("json"), Some(&40));
    assert_eq!(decoded.inspection(), Inspection::Full);
}
