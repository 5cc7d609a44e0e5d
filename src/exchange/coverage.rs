//! How much of an exchange could be seen, and how it came in.

/// The way traffic reached Landfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaptureMode {
    /// Explicit forward proxy (absolute form or `CONNECT`).
    Forward,
    /// SOCKS5.
    Socks5,
    /// Explicit proxy, reached by TLS.
    HttpsProxy,
    /// Redirected on the way to the server; the client knows of no proxy.
    Transparent,
    /// Read from a file.
    Import,
}

impl CaptureMode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Socks5 => "socks5",
            Self::HttpsProxy => "https_proxy",
            Self::Transparent => "transparent",
            Self::Import => "import",
        }
    }
}

/// What Landfall could look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// TLS, opened by interception.
    Intercepted,
    /// Sent without TLS.
    Plaintext,
    /// Read from a file that somebody else captured.
    Imported,
    /// Relayed unopened, and why.
    Tunnelled(Opaque),
}

impl Coverage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intercepted => "intercepted",
            Self::Plaintext => "plaintext",
            Self::Imported => "imported",
            Self::Tunnelled(_) => "tunnelled",
        }
    }

    /// Why the traffic stayed opaque, in the words of the event.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Tunnelled(opaque) => Some(opaque.as_str()),
            _ => None,
        }
    }
}

/// Why traffic was relayed without being opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Opaque {
    /// A configured rule exempts the host.
    BypassRule,
    /// The client was seen to reject Landfall's certificate for this host.
    LearntPinned,
    /// The first bytes are not a TLS record, and not HTTP either.
    NotTls,
    /// TLS was opened, but what it carries is not HTTP.
    NotHttp,
    /// The client waited for the server to speak first.
    ServerFirst,
    /// The client insists on Encrypted Client Hello.
    Ech,
    /// The server asks for a client certificate that Landfall does not have.
    MtlsRequired,
}

impl Opaque {
    /// Every reason, for metrics whose label sets are closed.
    pub const ALL: [Self; 7] = [
        Self::BypassRule,
        Self::LearntPinned,
        Self::NotTls,
        Self::NotHttp,
        Self::ServerFirst,
        Self::Ech,
        Self::MtlsRequired,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::BypassRule => "bypass_rule",
            Self::LearntPinned => "learnt_pinned",
            Self::NotTls => "not_tls",
            Self::NotHttp => "not_http",
            Self::ServerFirst => "server_first",
            Self::Ech => "ech",
            Self::MtlsRequired => "mtls_required",
        }
    }
}
