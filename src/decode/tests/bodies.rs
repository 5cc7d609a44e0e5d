//! Formats and what is wrong with them.

use super::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn json_in_all_its_shapes() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"a":{"b":[1.50,{"c":"x\u0040y"}]},"a":2}"#, &["$.a.b[0] json 1.50", "$.a.b[1].c json x@y", "$.a json 2"]),
        ("\u{feff} [1, 2,]", &["$[0] json 1", "$[1] json 2"]),
        (")]}',\n{\"a\":1}", &["$.a json 1"]),
        ("cb_1({\"a\":1});", &["$.a json 1"]),
        ("\"text\"", &["$ json text"]),
        ("{\"a\":NaN,\"b\":null,\"c\":{},\"d\":[[]],\"e\":-1e5}", &["$.e json -1e5"]),
        ("{\"a\":1}\n{\"a\":2}", &["$[0].a ndjson 1", "$[1].a ndjson 2"]),
        ("{\"a\":1}{\"a\":2}", &["$[0].a json 1", "$[1].a json 2"]),
        ("{\"a\":1} tail", &["$.a json 1", "$ unread malformed"]),
        ("{\"a\":1,\"b\":'x'}", &["$.a json 1", "$ unread malformed"]),
        ("{\"a\":1,\"b\":\"cut", &["$.a json 1", "$.b json cut", "$ unread malformed"]),
        ("not json", &["$ text not json"]),
        ("", &[]),
        (r#"{"n":"{\"u\":\"a@b.example\"}","s":"{no}"}"#, &["$.n.u json>json_string a@b.example", "$.s json {no}"]),
    ];
    for (body, expect) in cases {
        check(&post(JSON, *body), expect);
    }
}

#[test]
fn the_bytes_correct_the_content_type() {
    for media in ["text/plain", "application/octet-stream", FORM, "", "image/png", "multipart/form-data; boundary=x"] {
        check(&post(media, r#"{"a":"b"}"#), &["$.a json b"]);
    }
    check(&post("text/plain", "a=b&c=d%40e"), &["$.a form b", "$.c form d@e"]);
    check(&post("text/plain", "[INFO] started"), &["$ text [INFO] started"]);
    check(&post(JSON, "k=v&x=1"), &["$.k form v", "$.x form 1"]);
    check(&post("text/html", "<p>a = b</p>"), &["$ text <p>a = b</p>"]);
    check(&post("", b"\x89PNG\r\n\x1a\n\x00\x00".to_vec()), &["$ unread unsupported"]);
}

#[test]
fn forms_keep_their_names() {
    check(
        &post(FORM, "user%5Bname%5D=J%C3%B6rg+K&tel=%2B15555550100&bad=%ff%zz&twice=a%2540b&j=%7B%22k%22%3A1%7D"),
        &[
            "$.user.name form Jörg K",
            "$.tel form +15555550100",
            "$.bad form \u{fffd}%zz",
            "$.twice form>percent a@b",
            "$.j.k form>json_string 1",
        ],
    );
}

#[test]
fn brackets_in_names_are_a_structure() {
    check(
        &post(FORM, "u%5B0%5D%5Bname%5D=Kim&u[0][pos][lat]=1.5&u[1][name]=Lee&ids[]=7&ids[]=8&odd[=1&x[y]z=2"),
        &[
            "$.u[0].name form Kim",
            "$.u[0].pos.lat form 1.5",
            "$.u[1].name form Lee",
            "$.ids[0] form 7",
            "$.ids[1] form 8",
            "$[\"odd[\"] form 1",
            "$[\"x[y]z\"] form 2",
        ],
    );
    let arena = Arena::default();
    let exchange = post(FORM, "u[0][name]=Kim&u[0][pos][lat]=1.5");
    let fields = decode(&exchange, &arena, &Budget::default()).fields;
    assert!(fields.iter().any(|field| field.path.to_string() == "$.u[0].pos.lat"));
    let records: Vec<_> = fields.iter().rev().take(2).map(|field| field.path.record()).collect();
    assert!(records[0].same(records[1]));
}

#[test]
fn ndjson_by_type_and_by_look() {
    let expect = ["$[0].a ndjson 1", "$[1].b ndjson 2"];
    check(&post("application/x-ndjson", "{\"a\":1}\n\n{\"b\":2}\n"), &expect);
    check(&post("text/plain", "{\"a\":1}\r\n{\"b\":2}"), &expect);
    check(&post("application/x-ndjson", "{\"a\":1}\n{\"b\":"), &["$[0].a ndjson 1", "$ unread malformed"]);
}

#[test]
fn multipart_parts_by_name() {
    let body = "preamble\r\n--b1\r\nContent-Disposition: form-data; name=\"label\"\r\n\r\nHome\r\n\
                --b1\r\ncontent-disposition: form-data; name=\"meta\"\r\ncontent-type: application/json\r\n\r\n{\"a\":1}\r\n\
                --b1\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"me.png\"\r\nContent-Type: image/png\r\n\r\n\
                \u{89}PNG\u{0}\u{1}\r\n\
                --b1\r\n\r\nno head\r\n--b1--\r\nepilogue";
    let expect = [
        "$.label multipart Home",
        "$.meta.a multipart>json 1",
        "$.pic.filename multipart me.png",
        "$[3] multipart no head",
        "$.pic unread unsupported",
    ];
    check(&post("multipart/form-data; boundary=b1", body), &expect);
    let start = body.strip_prefix("preamble\r\n").unwrap_or_default();
    check(&post("", start), &expect);
    let cut = &body[..body.len() - 60];
    let cut_lines = body_lines(&post("multipart/form-data; boundary=b1", cut));
    assert_eq!(cut_lines.last().map(String::as_str), Some("$ unread malformed"));
}

#[test]
fn other_charsets() {
    let utf16: Vec<u8> = "{\"a\":\"ö\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&post(JSON, utf16), &["$.a utf-16>json ö"]);
    check(&post("text/plain; charset=ISO-8859-1", b"J\xf6rg".to_vec()), &["$ text Jörg"]);
    check(&post("text/plain", b"\x93caf\xe9\x94 \x80 5 \x96 soon".to_vec()), &["$ text “café” € 5 – soon"]);
    let big: Vec<u8> = "{\"a\":\"ö\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(&post("application/json; charset=utf-16", big.clone()), &["$.a utf-16>json ö"]);
    let marked = [&[0xfe, 0xff][..], &big].concat();
    check(&post(JSON, marked), &["$.a utf-16>json ö"]);
    check(&post(JSON, b"{\"a\":\"J\xf6rg is here\"}".to_vec()), &["$.a json Jörg is here"]);
}

#[test]
fn a_cut_body_says_why() {
    let words = [
        (Cut::Aborted, "aborted"),
        (Cut::Budget, "budget"),
        (Cut::Limit, "budget"),
        (Cut::NotRecorded, "truncated"),
        (Cut::Unopened, "unsupported"),
    ];
    for (cut, word) in words {
        let mut exchange = post(JSON, "{\"a\":1,\"b\":\"xy");
        exchange.request.message.body.cut = Some(cut);
        check(&exchange, &["$.a json 1", "$.b json xy", &format!("$ unread {word}")]);
        exchange.request.message.body.captured = Bytes::new();
        check(&exchange, &[&format!("$ unread {word}")]);
    }
}

#[test]
fn every_prefix_of_a_sample_gives_a_prefix_of_its_fields() {
    let body = r#"{"id":"ab\u0041c","list":[{"n":12,"t":true},{"n":-3.5}],"s":"é","in":"{\"k\":\"v\"}"}"#;
    let whole = body_lines(&post(JSON, body));
    for end in 0..body.len() {
        let mut exchange = post(JSON, &body.as_bytes()[..end]);
        exchange.request.message.body.cut = Some(Cut::Limit);
        let mut lines = body_lines(&exchange);
        assert_eq!(lines.pop().as_deref(), Some("$ unread budget"), "at {end}");
        let partial = lines.pop();
        assert!(whole.starts_with(&lines), "at {end}: {lines:?}");
        if let (Some(partial), Some(full)) = (partial, whole.get(lines.len())) {
            let path = |line: &str| line.split(' ').next().map(str::to_owned);
            assert!(full == &partial || full.starts_with(&path(&partial).unwrap_or_default()), "at {end}: {partial}");
        }
    }
}

#[test]
fn unread_paths_hold_no_values() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"kim@example.com\"\r\n\r\n\x00\x01\x02\r\n--b--";
    check(&post("multipart/form-data; boundary=b", body), &["$[\"ki**\"] unread unsupported"]);
}
