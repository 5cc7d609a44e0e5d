//! `host:port` as a target names it, read strictly: what two readers could take for two hosts is neither.

use super::host::LeafName;

/// Host and, where one is written, port (RFC 3986 section 3.2). `Err` is one plain clause for the client.
pub fn parse_authority(text: &str) -> Result<(LeafName, Option<u16>), String> {
    if text.contains('@') {
        return Err("a target may not carry user information".to_owned());
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (_, after) = rest.split_once(']').ok_or("an IPv6 address ends with `]`")?;
            let host = &text[..text.len() - after.len()];
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return Err("after an IPv6 address, only `:` and a port may follow".to_owned()),
            }
        }
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err("an IPv6 address is written in brackets".to_owned()),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host = LeafName::parse(host).map_err(|error| error.to_string())?;
    match port {
        // An empty port is the scheme's own (RFC 3986 section 3.2.3).
        None | Some("") => Ok((host, None)),
        Some(port) => Ok((host, Some(read_port(port)?))),
    }
}

fn read_port(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = if digits { text.parse().unwrap_or(0) } else { 0 };
    if port == 0 { Err("a port is a number from 1 to 65535") } else { Ok(port) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_strictly() {
        #[track_caller]
        fn check(text: &str, expect: Option<(&str, Option<u16>)>) {
            let got = parse_authority(text).ok().map(|(host, port)| (host.to_string(), port));
            assert_eq!(got, expect.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
        check("A.example.:443", Some(("a.example", Some(443))));
        check("a.example", Some(("a.example", None)));
        check("a.example:", Some(("a.example", None)));
        check("[2001:DB8::1]:8443", Some(("2001:db8::1", Some(8443))));
        check("[::1]", Some(("::1", None)));
        check("127.1:080", Some(("127.0.0.1", Some(80))));
        for wrong in [
            "",
            ":443",
            "a:0",
            "a:65536",
            "a:99999999999",
            "a:+1",
            "a: 1",
            "a:1x",
            "a:443:443",
            "::1:443",
            "2001:db8::1",
            "[::1",
            "[::1]443",
            "[::1]x:443",
            "[fe80::1%25eth0]:443",
            "[fe80::1%eth0]:443",
            "[127.0.0.1]:80",
            "u@a:443",
            "u:p@a:443",
            "a/b:443",
            "a..b:443",
            "[]:443",
            "a b:1",
        ] {
            check(wrong, None);
        }
    }
}
