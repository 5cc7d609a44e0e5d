//! The token that opens the admin listener to whoever may read the data directory.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::{constant_time, rand};

/// Name of the file inside the data directory.
pub const TOKEN_FILE: &str = "admin.token";
/// 256 bits as hex digits.
const LENGTH: usize = 64;

/// A bearer token. Compared in constant time, and shown nowhere.
#[derive(Clone)]
pub struct Token(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("cannot {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` has mode {mode:04o}, so that others may use it; run `chmod 600 {}`", path.display(), path.display())]
    LooseMode { path: PathBuf, mode: u32 },
    #[error("`{}` is not a token of {LENGTH} hex digits; remove it, and the next start makes a new one", .0.display())]
    Malformed(PathBuf),
}

impl Token {
    /// The token in a data directory, made there when there is none. The file is readable by its owner only.
    pub fn open_or_create(data: &Path) -> Result<Self, TokenError> {
        let path = data.join(TOKEN_FILE);
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match created {
            Ok(file) => Self::create(file, &path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open(&path),
            Err(source) => Err(TokenError::Io { action: "create", path, source }),
        }
    }

    /// Whether this is the token, in time that does not depend on where they differ.
    pub fn matches(&self, presented: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented).is_ok()
    }

    fn create(mut file: File, path: &Path) -> Result<Self, TokenError> {
        let io = |source| TokenError::Io { action: "write", path: path.to_owned(), source };
        let mut secret = [0; LENGTH / 2];
        rand::fill(&mut secret).map_err(|_| io(io::Error::other("the system gives no random bytes")))?;
        let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(io)?;
        Ok(Self(text))
    }

    fn open(path: &Path) -> Result<Self, TokenError> {
        let io = |source| TokenError::Io { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(TokenError::LooseMode { path: path.to_owned(), mode });
        }
        let mut bytes = Vec::new();
        file.take(2 * LENGTH as u64).read_to_end(&mut bytes).map_err(io)?;
        let text = String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        let whole = text.len() == LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit());
        if whole { Ok(Self(text)) } else { Err(TokenError::Malformed(path.to_owned())) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_made_once_private_and_stays_the_same() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let made = Token::open_or_create(dir.path()).expect("it is made");
        let again = Token::open_or_create(dir.path()).expect("it is read");
        assert!(again.matches(made.0.as_bytes()) && !again.matches(b"") && !again.matches(&[b'0'; LENGTH]));
        let mode = fs::metadata(dir.path().join(TOKEN_FILE)).expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(format!("{made:?}"), "Token(hidden)");
    }

    #[test]
    fn a_file_others_may_read_or_a_broken_one_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(TOKEN_FILE);
        Token::open_or_create(dir.path()).expect("it is made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("the mode is set");
        assert!(matches!(Token::open_or_create(dir.path()), Err(TokenError::LooseMode { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the mode is set");
        for text in ["", "abc", &"z".repeat(LENGTH), &"0".repeat(LENGTH + 1)] {
            fs::write(&path, text).expect("the file is written");
            assert!(matches!(Token::open_or_create(dir.path()), Err(TokenError::Malformed(_))), "`{text}`");
        }
    }
}
