//! Binary formats: MessagePack, CBOR, property lists, gRPC-Web text, pictures, protobuf in all its shapes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const OCTETS: &str = "application/octet-stream";

fn document() -> serde_json::Value {
    serde_json::json!({"user": {"mail": "kim@a.example", "tags": [1, -2, 2.5, true, null]}, "big": 4_000_000_000_u32})
}

/// Lines of [`document`], in the order of its keys.
fn expected(layers: &str) -> Vec<String> {
    let fields = ["$.big X 4000000000", "$.user.mail X kim@a.example", "$.user.tags[0] X 1", "$.user.tags[1] X -2"];
    let more = ["$.user.tags[2] X 2.5", "$.user.tags[3] X true"];
    fields.iter().chain(&more).map(|line| line.replace(" X ", &format!(" {layers} "))).collect()
}

fn msgpack() -> Vec<u8> {
    fn value(json: &serde_json::Value) -> rmpv::Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => rmpv::Value::Nil,
            Json::Bool(bool) => (*bool).into(),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), Into::into)
            }
            Json::String(text) => text.as_str().into(),
            Json::Array(list) => rmpv::Value::Array(list.iter().map(value).collect()),
            Json::Object(map) => {
                rmpv::Value::Map(map.iter().map(|(key, json)| (key.as_str().into(), value(json))).collect())
            }
        }
    }
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, &value(&document())).expect("encodes");
    out
}

fn cbor() -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(&document(), &mut out).expect("encodes");
    out
}

#[test]
fn msgpack_and_cbor_by_type_and_by_look() {
    for (name, bytes, media) in
        [("msgpack", msgpack(), "application/msgpack"), ("cbor", cbor(), "application/vnd.x+cbor")]
    {
        assert_eq!(body_lines(&post(media, bytes.clone())), expected(name));
        assert_eq!(body_lines(&post(OCTETS, bytes.clone())), expected(name));
        let packed = serde_json::json!({ "p": STANDARD.encode(&bytes) }).to_string();
        let lines = body_lines(&post("application/json", packed));
        assert_eq!(lines[1], format!("$.p.user.mail json>base64>{name} kim@a.example"));
        let two = body_lines(&post(media, [bytes.clone(), bytes.clone()].concat()));
        assert!(two.len() == 12 && two[0].starts_with("$[0].big") && two[6].starts_with("$[1].big"), "{two:?}");
        let cut = body_lines(&post(media, bytes[..bytes.len() - 3].to_vec()));
        assert_eq!(cut.last().map(String::as_str), Some("$ unread malformed"));
    }
}

#[test]
fn rare_tokens_of_cbor_and_msgpack() {
    // {_ "a": (_ "ki", "m"), "t": 1(1.5 as half), "u": 37(16 bytes), "v": undefined}
    let cbor = b"\xbf\x61a\x7f\x62ki\x61m\xff\x61t\xc1\xf9\x3e\x00\x61u\xd8\x25\x50\x6f\xa4\x59\xea\xee\x8a\x4c\xa4\
                 \x89\x4e\xdb\x77\xe1\x60\x35\x5e\x61v\xf7\xff";
    check(
        &post("application/cbor", cbor.to_vec()),
        &["$.a cbor kim", "$.t cbor 1.5", "$.u cbor 6fa459ea-ee8a-4ca4-894e-db77e160355e"],
    );
    // {"t": timestamp 2, 7: bin "kim", "x": ext 5}
    let msgpack = b"\x83\xa1t\xd6\xff\x00\x00\x00\x02\x07\xc4\x03kim\xa1x\xd4\x05\xff";
    check(
        &post("application/x-msgpack", msgpack.to_vec()),
        &["$.t msgpack 2", "$[\"7\"] msgpack kim", "$.x msgpack ff"],
    );
}

#[test]
fn property_lists() {
    let mut dict = plist::Dictionary::new();
    dict.insert("mail".to_owned(), "kim@a.example".into());
    dict.insert("name".to_owned(), "Jörg".into());
    dict.insert("lat".to_owned(), 1.5.into());
    dict.insert("n".to_owned(), 42.into());
    dict.insert("list".to_owned(), plist::Value::Array(vec![true.into(), "x".into()]));
    dict.insert("blob".to_owned(), plist::Value::Data(b"{\"a\":1}".to_vec()));
    let expect = [
        "$.mail plist kim@a.example",
        "$.name plist Jörg",
        "$.lat plist 1.5",
        "$.n plist 42",
        "$.list[0] plist true",
        "$.list[1] plist x",
        "$.blob.a plist>json_string 1",
    ];
    let (mut xml, mut binary) = (Vec::new(), Vec::new());
    plist::to_writer_xml(&mut xml, &dict).expect("writes");
    plist::to_writer_binary(&mut binary, &dict).expect("writes");
    check(&post("application/x-plist", xml.clone()), &expect);
    check(&post("text/xml", xml), &expect);
    check(&post("application/x-plist", binary.clone()), &expect);
    check(&post(OCTETS, binary), &expect);
    check(&post(OCTETS, b"bplist00\x00\x01\xd1".to_vec()), &["$ unread malformed"]);
}

#[test]
fn grpc_web_as_text() {
    let frame = |flag: u8, message: &[u8]| {
        [&[flag][..], &u32::try_from(message.len()).expect("short").to_be_bytes(), message].concat()
    };
    let (message, trailers) = (frame(0, b"\x0a\x0dkim@a.example"), frame(0x80, b"grpc-status:0\r\n"));
    let expect = ["$.1 grpc-web-text>grpc>protobuf kim@a.example", "$ grpc-web-text>grpc>text grpc-status:0"];
    let pieces = STANDARD.encode(&message) + &STANDARD.encode(&trailers);
    check(&post("application/grpc-web-text+proto", pieces), &expect);
    check(&post("application/grpc-web-text", STANDARD.encode([message, trailers].concat())), &expect);
}

/// One field of type "length-delimited".
fn text_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).expect("short")][..], bytes].concat()
}

#[test]
fn protobuf_repeated_packed_and_undeclared() {
    let person = |name: &[u8], age: u8| [text_field(1, name), vec![0x10, age]].concat();
    let track: Vec<u8> = [45.5_f64, -122.25, 45.75].iter().flat_map(|double| double.to_le_bytes()).collect();
    let small: Vec<u8> = [1.5_f32, 2.5, -0.25].iter().flat_map(|float| float.to_le_bytes()).collect();
    let message = [
        text_field(3, &person(b"Kim Lee", 30)),
        text_field(3, &person(b"Lee Kim", 31)),
        text_field(4, &track),
        text_field(5, &small),
        text_field(6, &[0x96, 0x01, 0xac, 0x02, 0x81, 0x7f, 0x05]),
        text_field(7, b"\x6f\xa4\x59\xea\xee\x8a\x4c\xa4\x89\x4e\xdb\x77\xe1\x60\x35\x5e"),
        vec![0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ]
    .concat();
    let expect = [
        "$.3[0].1 protobuf Kim Lee",
        "$.3[0].2 protobuf 30",
        "$.3[1].1 protobuf Lee Kim",
        "$.3[1].2 protobuf 31",
        "$.4[0] protobuf 45.5",
        "$.4[1] protobuf -122.25",
        "$.4[2] protobuf 45.75",
        "$.5[0] protobuf 1.5",
        "$.5[1] protobuf 2.5",
        "$.5[2] protobuf -0.25",
        "$.6[0] protobuf 150",
        "$.6[1] protobuf 300",
        "$.6[2] protobuf 16257",
        "$.6[3] protobuf 5",
        "$.7 protobuf 6fa459ea-ee8a-4ca4-894e-db77e160355e",
        "$.8 protobuf -1",
    ];
    check(&post("application/x-protobuf", message.clone()), &expect);
    check(&post(OCTETS, message.clone()), &expect);
    let framed = [&[0, 0, 0, 0, u8::try_from(message.len()).expect("short")][..], &message].concat();
    assert_eq!(body_lines(&post(OCTETS, framed))[0], "$.3[0].1 grpc>protobuf Kim Lee");
    let line = serde_json::json!({ "e": [{ "ctx": STANDARD.encode(&message) }] }).to_string();
    assert_eq!(body_lines(&post("", line))[0], "$.e[0].ctx.3[0].1 json>base64>protobuf Kim Lee");
}

/// A JPEG's head with an EXIF block that says 45°31'23" N, 122°40'35" W, by Kim.
fn photo() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let rational = |degrees: [u32; 3]| -> Vec<u8> {
        degrees.iter().flat_map(|part| [part.to_be_bytes(), 1_u32.to_be_bytes()].concat()).collect()
    };
    // Header 8, directory of two entries 30, directory of four entries 54.
    let (gps, data) = (38_u32, 92_u32);
    let tiff = [
        b"MM\0*\0\0\0\x08".to_vec(),
        2_u16.to_be_bytes().to_vec(),
        entry(0x013b, 2, 4, *b"Kim\0"),
        entry(0x8825, 4, 1, gps.to_be_bytes()),
        vec![0; 4],
        4_u16.to_be_bytes().to_vec(),
        entry(1, 2, 2, *b"N\0\0\0"),
        entry(2, 5, 3, data.to_be_bytes()),
        entry(3, 2, 2, *b"W\0\0\0"),
        entry(4, 5, 3, (data + 24).to_be_bytes()),
        vec![0; 4],
        rational([45, 31, 23]),
        rational([122, 40, 35]),
    ]
    .concat();
    let length = u16::try_from(tiff.len() + 8).expect("short").to_be_bytes();
    [b"\xff\xd8\xff\xe1".to_vec(), length.to_vec(), b"Exif\0\0".to_vec(), tiff, b"\xff\xd9".to_vec()].concat()
}

#[test]
fn pictures_tell_where_they_were_taken() {
    let expect =
        ["$.exif.gps.latitude exif 45.523056", "$.exif.gps.longitude exif -122.676389", "$.exif.artist exif Kim"];
    let expect: Vec<&str> = expect.into_iter().chain(["$ unread unsupported"]).collect();
    check(&post("image/jpeg", photo()), &expect);
    check(&post(OCTETS, photo()), &expect);
    let form = [
        b"--b\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.jpg\"\r\n\r\n".to_vec(),
        photo(),
        b"\r\n--b--".to_vec(),
    ];
    let lines = body_lines(&post("multipart/form-data; boundary=b", form.concat()));
    assert_eq!(lines[1], "$.pic.exif.gps.latitude multipart>exif 45.523056");
    let url = serde_json::json!({ "avatar": format!("data:image/jpeg;base64,{}", STANDARD.encode(photo())) });
    let lines = body_lines(&post("", url.to_string()));
    assert_eq!(lines[0], "$.avatar.exif.gps.latitude json>data_url>exif 45.523056");
}

#[test]
fn random_bytes_are_no_format() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in 8..200 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[0] | 0x80
            })
            .collect();
        assert_eq!(body_lines(&post(OCTETS, bytes)), ["$ unread unsupported"], "{length}");
    }
}
