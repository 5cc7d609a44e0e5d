//! Formats beyond plain web ones: event streams, Socket.IO, XML, protobuf, gRPC.

use super::*;

#[test]
fn event_streams_by_event() {
    let body = ": hi\nevent: msg\nid: 7\ndata: {\"a\":\ndata: 1}\n\ndata:plain\r\n\r\nretry: 5\n\ndata: last";
    let expect = ["$[0].id sse 7", "$[0].a sse>json 1", "$[1] sse>text plain", "$[2] sse>text last"];
    check(&post("text/event-stream", body), &expect);
    check(&post("", "data: {\"a\":2}\n\n"), &["$[0].a sse>json 2"]);
}

#[test]
fn socketio_packets() {
    let cases: &[(&str, &[&str])] = &[
        ("42{\"to\":\"@a\"}", &["$.to socketio>json @a"]),
        ("42/chat,17[\"say\",{\"to\":\"@a\"}]", &["$[0] socketio>json say", "$[1].to socketio>json @a"]),
        ("451-[\"up\",1]", &["$[0] socketio>json up", "$[1] socketio>json 1"]),
        ("42 [is the answer", &["$ text 42 [is the answer"]),
        ("2probe", &["$ text 2probe"]),
    ];
    for (body, expect) in cases {
        check(&post("text/plain", *body), expect);
    }
}

#[test]
fn xml_text_and_attributes() {
    let body = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x \"boom\">]><s:r xmlns:s=\"urn:s\" id='7&amp;8'>\
                <s:tel>+1 &#x35;55</s:tel><n><![CDATA[<b>]]></n><e/>&x; tail<!-- no --></s:r>";
    let expect = ["$.r.id xml 7&8", "$.r.tel xml +1 555", "$.r.n xml <b>", "$.r xml &x; tail"];
    check(&post("text/xml", body), &expect);
    check(&post("text/xml", "<a><b>1</b><c>2"), &["$.a.b xml 1", "$.a.c xml 2", "$ unread malformed"]);
    let deep = lines(&post("text/xml", "<a>".repeat(100_000)), &Budget::default(), false);
    assert!(deep[0].ends_with("unread budget") && deep.len() == 2, "{deep:?}");
}

/// One field of type "length-delimited".
fn text_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short field");
    [&[number << 3 | 2, length][..], bytes].concat()
}

fn protobuf() -> Vec<u8> {
    let position = [&[0x09][..], &37.5_f64.to_le_bytes(), &[0x15], &(-122.25_f32).to_le_bytes()].concat();
    [
        text_field(1, b"kim@example.com"),
        text_field(2, &position),
        vec![0x18, 0x96, 0x01],
        text_field(4, &text_field(1, b"6fa459ea-ee8a-3ca4-894e-db77e160355e")),
        text_field(5, &[0xff, 0x00, 0xab]),
    ]
    .concat()
}

const FIELDS: [&str; 6] =
    ["1 kim@example.com", "2.1 37.5", "2.2 -122.25", "3 150", "4.1 6fa459ea-ee8a-3ca4-894e-db77e160355e", "5 ff00ab"];

fn expected(root: &str, layers: &str) -> Vec<String> {
    let split = |field: &&str| field.split_once(' ').map(|(path, value)| format!("{root}.{path} {layers} {value}"));
    FIELDS.iter().filter_map(split).collect()
}

#[test]
fn protobuf_by_field_number() {
    assert_eq!(body_lines(&post("application/x-protobuf", protobuf())), expected("$", "protobuf"));
    let cut = &protobuf()[..30];
    assert_eq!(
        body_lines(&post("application/x-protobuf", cut.to_vec())).last().map(String::as_str),
        Some("$ unread malformed")
    );
}

#[test]
fn grpc_frames_plain_compressed_and_several() {
    let frame = |flag: u8, message: &[u8]| {
        let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
        [&[flag][..], &length, message].concat()
    };
    let plain = frame(0, &protobuf());
    assert_eq!(body_lines(&post("application/grpc+proto", plain.clone())), expected("$", "grpc>protobuf"));

    let mut coded = Vec::new();
    let whole = protobuf();
    let mut encoder = flate2::read::GzEncoder::new(&whole[..], flate2::Compression::default());
    std::io::Read::read_to_end(&mut encoder, &mut coded).expect("compresses");
    let compressed = frame(1, &coded);
    assert_eq!(body_lines(&post("application/grpc", compressed.clone())), expected("$", "grpc>gzip>protobuf"));

    let both = [plain.clone(), compressed].concat();
    let expect = [expected("$[0]", "grpc>protobuf"), expected("$[1]", "grpc>gzip>protobuf")].concat();
    assert_eq!(body_lines(&post("application/grpc", both)), expect);

    let lying = [&[0, 0xff, 0xff, 0xff, 0xff][..], &text_field(1, b"kim")].concat();
    assert_eq!(body_lines(&post("application/grpc", lying)), ["$.1 grpc>protobuf kim", "$ unread malformed"]);
}
