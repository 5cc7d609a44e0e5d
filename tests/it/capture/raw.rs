//! Servers and clients on bare sockets: what is said is written byte by byte, and what arrives is kept byte by byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::super::support::landfall::{Landfall, Left};

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that hands each connection to a script, and remembers all bytes of all connections.
pub struct Server {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// One connection of a [`Server`].
pub struct Talk {
    pub stream: TcpStream,
    at: usize,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What has been read and not yet asked for.
    rest: Vec<u8>,
}

impl Server {
    /// Each connection is served in a thread of its own.
    pub fn start(script: impl Fn(&mut Talk) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.1.1.9:0").expect("loopback can be bound");
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (all, script) = (Arc::clone(&received), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_read_timeout(Some(PATIENCE)).expect("set");
                let at = {
                    let mut all = all.lock().expect("no panic");
                    all.push(Vec::new());
                    all.len() - 1
                };
                let (received, script) = (Arc::clone(&all), Arc::clone(&script));
                std::thread::spawn(move || script(&mut Talk { stream, at, received, rest: Vec::new() }));
            }
        });
        Self { address, received }
    }

    /// A server that answers every request, whatever it is, with these bytes.
    pub fn answering(answer: &'static [u8]) -> Self {
        Self::start(move |talk| {
            while talk.request().is_some() {
                talk.write(answer);
            }
        })
    }

    /// `--resolve` for `raw.example`.
    pub fn landfall(&self) -> Landfall {
        self.landfall_with(&[])
    }

    pub fn landfall_with(&self, args: &[String]) -> Landfall {
        let mut all = vec!["--resolve".to_owned(), format!("raw.example:80:{}", self.address)];
        all.extend_from_slice(args);
        Landfall::start(&all)
    }

    /// All that came, connections one after the other.
    pub fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().expect("no panic").concat()).into_owned()
    }
}

impl Talk {
    /// Bytes as they come; `None` at the end.
    pub fn read(&mut self) -> Option<Vec<u8>> {
        if !self.rest.is_empty() {
            return Some(std::mem::take(&mut self.rest));
        }
        let mut buffer = [0; 65536];
        let read = self.stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        self.received.lock().expect("no panic")[self.at].extend_from_slice(&buffer[..read]);
        Some(buffer[..read].to_vec())
    }

    /// All bytes up to and with these.
    pub fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let mut got = Vec::new();
        loop {
            got.extend(self.read()?);
            if let Some(at) = got.windows(end.len()).position(|window| window == end) {
                self.rest = got.split_off(at + end.len());
                return Some(got);
            }
        }
    }

    pub fn head(&mut self) -> Option<String> {
        self.until(b"\r\n\r\n").map(|head| String::from_utf8_lossy(&head).into_owned())
    }

    /// A whole request, with its body.
    pub fn request(&mut self) -> Option<String> {
        let mut request = self.head()?;
        let lower = request.to_ascii_lowercase();
        if lower.contains("transfer-encoding: chunked") {
            request.push_str(&String::from_utf8_lossy(&self.until(b"0\r\n\r\n")?));
        } else if let Some((_, rest)) = lower.split_once("content-length: ") {
            let length: usize = rest.split("\r\n").next()?.parse().ok()?;
            let mut body = Vec::new();
            while body.len() < length {
                body.extend(self.read()?);
            }
            self.rest = body.split_off(length);
            request.push_str(&String::from_utf8_lossy(&body));
        }
        Some(request)
    }

    /// The peer may be gone: that is for the test to find out from the other side.
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap_or_default();
    }
}

pub fn connect(landfall: &Landfall) -> TcpStream {
    let stream = TcpStream::connect(landfall.proxy).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// A tunnel to `raw.example:80`, opened.
pub fn tunnel(landfall: &Landfall) -> TcpStream {
    let mut stream = connect(landfall);
    stream.write_all(b"CONNECT raw.example:80 HTTP/1.1\r\nHost: raw.example:80\r\n\r\n").expect("sent");
    let head = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    stream
}

/// Bytes up to and with the empty line, and no further.
pub fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            ended => panic!("{ended:?} after {:?}", String::from_utf8_lossy(&head)),
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

pub fn read_exact(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("they come");
    bytes
}

/// All that comes to the end, and whether that end was a reset.
pub fn read_to_end(stream: &mut TcpStream) -> (String, bool) {
    let mut got = Vec::new();
    let reset = match stream.read_to_end(&mut got) {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
        Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&got)),
    };
    (String::from_utf8_lossy(&got).into_owned(), reset)
}

/// Send these bytes, close that side, and read all that comes.
pub fn ask(mut stream: TcpStream, request: &[u8]) -> String {
    // A server that refuses early may stop reading.
    stream.write_all(request).unwrap_or_default();
    stream.shutdown(Shutdown::Write).unwrap_or_default();
    read_to_end(&mut stream).0
}

/// Status codes of the responses in these bytes.
pub fn statuses(got: &str) -> Vec<&str> {
    let codes = got.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3));
    codes.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// Stop, and the one exchange.
pub fn only_exchange(landfall: Landfall) -> Value {
    let left = landfall.stop();
    let exchanges = left.exchanges();
    assert_eq!(exchanges.len(), 1, "{exchanges:?}");
    exchanges[0].clone()
}

/// Results of all exchanges, with the error where there is one.
pub fn outcomes(left: &Left) -> Vec<String> {
    let word = |event: &Value| {
        let outcome = &event["outcome"];
        [&outcome["result"], &outcome["error"]].iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    left.exchanges().into_iter().map(word).collect()
}
