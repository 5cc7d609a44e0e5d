//! A small MMDB writer (format 2.0), so that tests can show records of every maker's shape.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

/// A database of `ip_version` 4 or 6 that maps each range to its record. Ranges must not overlap.
pub(super) fn write(ip_version: u16, database_type: &str, records: &[(&str, Value)]) -> Vec<u8> {
    let mut data = Vec::new();
    // Children of each node: `None` nothing, else a node or a place in the data section.
    let mut nodes: Vec<[Option<Child>; 2]> = vec![[None, None]];
    for (range, record) in records {
        let range: IpNet = range.parse().expect("test range");
        let offset = data.len();
        encode(record, &mut data);
        let bits = bits(range, ip_version);
        let (last, path) = bits.split_last().expect("no test range is everything");
        let mut node = 0;
        for bit in path {
            node = match nodes[node][*bit] {
                Some(Child::Node(next)) => next,
                Some(Child::Data(_)) => panic!("test ranges overlap"),
                None => {
                    nodes.push([None, None]);
                    let next = nodes.len() - 1;
                    nodes[node][*bit] = Some(Child::Node(next));
                    next
                }
            };
        }
        nodes[node][*last] = Some(Child::Data(offset));
    }
    let mut file = Vec::new();
    for child in nodes.iter().flatten() {
        let value = match child {
            None => nodes.len(),
            Some(Child::Node(node)) => *node,
            Some(Child::Data(offset)) => nodes.len() + 16 + offset,
        };
        file.extend(&u32::try_from(value).expect("small").to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_781_725_900_u32,
        "database_type": database_type, "description": {"en": "test"}, "ip_version": ip_version,
        "languages": ["en"], "node_count": nodes.len(), "record_size": 24,
    });
    encode(&metadata, &mut file);
    file
}

#[derive(Clone, Copy)]
enum Child {
    Node(usize),
    Data(usize),
}

fn bits(range: IpNet, ip_version: u16) -> Vec<usize> {
    let (value, width) = match range.addr() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let padding = if ip_version == 6 && width == 32 { 96 } else { 0 };
    let own = (0..u32::from(range.prefix_len())).map(|n| usize::from((value >> (width - 1 - n)) & 1 == 1));
    std::iter::repeat_n(0, padding).chain(own).collect()
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Bool(flag) => control(14, usize::from(*flag), out),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => unsigned(6, whole, out),
            None => {
                control(3, 8, out);
                out.extend(number.as_f64().expect("a number").to_be_bytes());
            }
        },
        Value::Array(items) => {
            control(11, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Object(fields) => {
            control(7, fields.len(), out);
            for (key, item) in fields {
                encode(&json!(key), out);
                match (key.as_str(), item.as_u64()) {
                    // Readers hold the metadata to its exact types.
                    ("build_epoch", Some(number)) => unsigned(9, number, out),
                    ("ip_version" | "record_size", Some(number)) => unsigned(5, number, out),
                    (key, Some(number)) if key.starts_with("binary_format") => unsigned(5, number, out),
                    _ => encode(item, out),
                }
            }
        }
        Value::Null => panic!("an MMDB has no null"),
    }
}

fn unsigned(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    control(kind, bytes.len(), out);
    out.extend(bytes);
}

fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (size, more) = match size {
        0..29 => (u8::try_from(size).expect("small"), None),
        _ => (29, Some(u8::try_from(size - 29).expect("test values are short"))),
    };
    if kind <= 7 {
        out.push((kind << 5) | size);
    } else {
        out.extend([size, kind - 7]);
    }
    out.extend(more);
}
