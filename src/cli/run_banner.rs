//! What `landfall run` prints once it runs: where everything is, how to try it, what to do next.

use crate::locate::attributions;
use crate::serve::Facts;

/// The text, one fact a line; scripts may read the first word of each.
pub fn text(facts: &Facts) -> String {
    let Facts { proxy, more, admin, ca, data, warnings } = facts;
    let path = ca.path.display();
    let listens: String = more.iter().map(|(name, address)| format!("listens {address} ({name})\n")).collect();
    let mut text = format!(
        "landfall {version}\n\n\
         proxy   http://{proxy}\n\
         {listens}\
         admin   http://{admin}/\n\
         ca      {path}\n\
         sha256  {fingerprint}\n\
         data    {data}\n\n\
         try     curl --proxy http://{proxy} --cacert {quoted} https://example.com/\n\
         next    set http://{proxy} as the proxy of a device or an app, and open http://landfall.test/ there to trust the CA\n\
         watch   curl http://{admin}/metrics\n\
         stop    Ctrl-C; what was captured is recorded first\n",
        version = super::version(),
        fingerprint = ca.fingerprint,
        data = data.display(),
        quoted = shell_word(&path.to_string()),
    );
    for warning in warnings {
        text.push_str(&format!("warning {warning}\n"));
    }
    text.push('\n');
    for line in attributions() {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// A path as one word of a shell command.
fn shell_word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '=' | ':' | '@');
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word_of_the_command() {
        assert_eq!(shell_word("/home/a/ca.pem"), "/home/a/ca.pem");
        assert_eq!(shell_word("/home/a b/it's.pem"), r"'/home/a b/it'\''s.pem'");
    }
}
