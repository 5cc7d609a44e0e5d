//! More that hides inside values: URLs, query strings, GraphQL, hex, base64 in texts and of binary formats, cookies.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// Lines of a JSON body with this one value, without the value itself.
fn inside(value: &str) -> Vec<String> {
    let mut lines = body_lines(&post("application/json", serde_json::json!({ "v": value }).to_string()));
    lines.retain(|line| line != &format!("$.v json {value}"));
    lines
}

#[test]
fn urls_give_their_query_fragment_user_and_telling_segments() {
    assert_eq!(
        inside("https://kim:pw@a.example/@45.5,-122.6,15z/u?lat=45.5&q=a%20b#access_token=t1&x=y"),
        [
            "$.v.username json>url kim",
            "$.v.password json>url pw",
            "$.v[0] json>url @45.5,-122.6,15z",
            "$.v.lat json>url 45.5",
            "$.v.q json>url a b",
            "$.v.access_token json>url t1",
            "$.v.x json>url y",
        ]
    );
    assert_eq!(inside("myapp://open/kim%40a.example"), ["$.v[0] json>url kim@a.example"]);
    assert!(inside("https://a.example/about/us").is_empty());
    let nested = "https://a.example/r?u=https%3A%2F%2Fb.example%2F%3Fmail%3Dkim%2540c.example";
    assert_eq!(inside(nested)[0], "$.v.u.mail json>url>url kim@c.example");
}

#[test]
fn query_strings_in_values() {
    assert_eq!(inside("lat=45.5&lon=-122.6"), ["$.v.lat json>form 45.5", "$.v.lon json>form -122.6"]);
    assert!(inside("a = b & c = d").is_empty());
    let lines = body_lines(&post(FORM, "ref=a%3D1%26b%3D2"));
    assert_eq!(lines, ["$.ref.a form>form 1", "$.ref.b form>form 2"]);
}

#[test]
fn graphql_arguments_and_variables() {
    let query = r#"mutation U($id: ID!) { updateUser(id: $id, email: "kim@a.example", pos: {lat: 1.5, tags: ["a", "b"]}, kind: HOME) { id name } }"#;
    let body = serde_json::json!({ "query": query, "variables": { "id": 7 } }).to_string();
    let lines = body_lines(&post("application/json", body));
    let inner = |root: &str, layers: &str| {
        [("email", "kim@a.example"), ("pos.lat", "1.5"), ("pos.tags[0]", "a"), ("pos.tags[1]", "b"), ("kind", "HOME")]
            .map(|(path, value)| format!("{root}.updateUser.{path} {layers} {value}"))
    };
    assert_eq!(lines[..5], inner("$.query", "json>graphql"));
    assert_eq!(lines.last().map(String::as_str), Some("$.variables.id json 7"));
    assert_eq!(body_lines(&post("application/graphql", query)), inner("$", "graphql"));
    let short = r#"{ user(email: "kim@a.example", note: """two "words" here""") { id } }"#;
    assert_eq!(
        inside(short),
        ["$.v.user.email json>graphql kim@a.example", "$.v.user.note json>graphql two \"words\" here"]
    );
}

#[test]
fn hex_of_text_and_of_forms() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(inside(&hex(b"kim@a.example")), ["$.v json>hex kim@a.example"]);
    assert_eq!(inside(&hex(b"{\"a\":1}").to_uppercase()), ["$.v.a json>hex>json_string 1"]);
    for id in ["d41d8cd98f00b204e9800998ecf8427e", "1617235200123456", "4111111111111111", "0123456789abcdef"] {
        assert!(inside(id).is_empty(), "{id}");
    }
}

#[test]
fn base64_inside_texts_and_short_and_of_gzip() {
    let object = STANDARD.encode(r#"{"mail":"kim@a.example"}"#);
    assert_eq!(inside(&format!("sent payload={object}; ok")), ["$.v.mail json>base64>json_string kim@a.example"]);
    assert_eq!(inside(&STANDARD.encode("a@b.de")), ["$.v json>base64 a@b.de"]);
    assert_eq!(inside(&URL_SAFE_NO_PAD.encode(r#"{"a":1}"#)), ["$.v.a json>base64>json_string 1"]);
    for word in ["location", "password", "Tracking", "internationalization and more", "/usr/local/share/something/x"] {
        assert!(inside(word).is_empty(), "{word}: {:?}", inside(word));
    }
}

#[test]
fn cookies_hold_json_in_three_ways() {
    let base64 = STANDARD.encode(r#"{"u":"kim@a.example"}"#);
    let cookie = format!("a=%7B%22u%22%3A1%7D; b={base64}; c=j%3A%7B%22u%22%3A2%7D");
    let exchange = exchange(message(&[("cookie", &cookie)], Body::default()));
    let lines = lines(&exchange, &Budget::default(), false);
    assert_eq!(lines[0], "request.cookie $.a.u cookie>percent>json_string 1");
    assert_eq!(lines[1], "request.cookie $.b.u cookie>base64>json_string kim@a.example");
    assert_eq!(lines[3], "request.cookie $.c.u cookie>percent>json_string 2");
}

#[test]
fn tokens_tell_claims_and_header() {
    let token = format!(
        "{}.{}.sig",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#),
        URL_SAFE_NO_PAD.encode(r#"{"sub":"kim"}"#)
    );
    assert_eq!(inside(&token), ["$.v.sub json>jwt kim", "$.v.header.alg json>jwt none", "$.v.header.kid json>jwt k1"]);
}

#[test]
fn socket_messages_with_binary_prefixes() {
    let msgpack = b"\x81\xa4mail\xadkim@a.example";
    let prefixed = [&[4][..], msgpack].concat();
    check(&post("", prefixed), &["$.mail socketio>msgpack kim@a.example"]);
    check(&post("", format!("b4{}", STANDARD.encode(msgpack))), &["$.mail socketio>base64>msgpack kim@a.example"]);
    check(&post("", "a[\"{\\\"m\\\":1}\"]"), &["$[0].m socketio>json>json_string 1"]);
    check(
        &post("", "42[\"a\",{\"b\":1}]\u{1e}42[\"c\",{\"d\":2}]"),
        &[
            "$[0][0] socketio>json a",
            "$[0][1].b socketio>json 1",
            "$[1][0] socketio>json c",
            "$[1][1].d socketio>json 2",
        ],
    );
}

#[test]
fn elements_that_repeat_are_records() {
    check(
        &post("application/xml", "<l><p id='1'><n>Kim</n></p><q>x</q><p><n>Lee</n></p></l>"),
        &["$.l.p[0].id xml 1", "$.l.p[0].n xml Kim", "$.l.q xml x", "$.l.p[1].n xml Lee"],
    );
    let part =
        |name: &str, text: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let body = part("c", "{\"n\":\"Kim\"}") + &part("c", "{\"n\":\"Lee\"}") + &part("d", "x") + "--b--";
    check(
        &post("multipart/form-data; boundary=b", body),
        &["$.c[0].n multipart>json Kim", "$.c[1].n multipart>json Lee", "$.d multipart x"],
    );
}
