//! Names of fields to words: `userEmail`, `user_email`, `USER-EMAIL` and `user.email` are all `user email`.

/// Words of a key in lower case, without accents on Latin letters.
///
/// A word ends at anything that is neither letter nor digit, between a small and a capital letter, before the last capital
/// of a run of capitals that a small letter follows (`IPAddress`), and between letters and digits.
pub(super) fn split(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = key.chars().take(MAX_CHARS).collect();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            flush(&mut words, &mut word);
            continue;
        }
        if i > 0 && starts_word(chars[i - 1], c, chars.get(i + 1).copied()) {
            flush(&mut words, &mut word);
        }
        match c {
            'ß' => word.push_str("ss"),
            'æ' | 'Æ' => word.push_str("ae"),
            'œ' | 'Œ' => word.push_str("oe"),
            c => word.extend(fold(c).to_lowercase()),
        }
    }
    flush(&mut words, &mut word);
    words
}

/// What a flat key says of its place: `shipping` of `shipping[name]`, `user.home` of `user.home.city`; empty if nothing.
pub(super) fn prefix(key: &str) -> &str {
    key.rfind(['[', '.']).map_or("", |end| &key[..end])
}

/// What a flat key says of its place, and its own last name: `order[dropoff]` and `tel` of `order[dropoff][tel]`.
pub(super) fn place_and_name(key: &str) -> (&str, &str) {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mut rest = key;
    loop {
        let Some(at) = rest.rfind(['[', '.']) else { return ("", rest) };
        let (place, name) = (&rest[..at], rest[at + 1..].trim_end_matches(']'));
        if !number(name) {
            return if place.is_empty() { ("", rest) } else { (place, name) };
        }
        rest = place;
    }
}

/// Longer keys are texts, not names.
const MAX_CHARS: usize = 160;

fn flush(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

fn starts_word(before: char, c: char, after: Option<char>) -> bool {
    if before.is_ascii_digit() != c.is_ascii_digit() || is_ideograph(before) != is_ideograph(c) {
        return true;
    }
    c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && after.is_some_and(char::is_lowercase)))
}

/// Han, kana and hangul.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// A text without the accents of Latin letters, case kept.
pub(super) fn without_accents(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// The base letter of an accented Latin letter.
fn fold(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'A',
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' | 'ı' | 'İ' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' | 'Ø' => 'O',
        'ú' | 'ù' | 'û' | 'ü' | 'ů' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ç' | 'ć' | 'č' => 'c',
        'ñ' | 'ń' => 'n',
        'ş' | 'ś' | 'š' => 's',
        'ğ' => 'g',
        'ł' => 'l',
        'ý' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ř' => 'r',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, words: &str) {
        assert_eq!(split(key).join(" "), words, "{key}");
    }

    #[test]
    fn flat_keys_have_a_place() {
        assert_eq!(prefix("data[0][user_data][em]"), "data[0][user_data]");
        assert_eq!(prefix("user.home.city"), "user.home");
        assert_eq!(prefix("city"), "");
        assert_eq!(place_and_name("order[dropoff][tel]"), ("order[dropoff]", "tel"));
        assert_eq!(place_and_name("phones[0]"), ("", "phones"));
        assert_eq!(place_and_name("home.city"), ("home", "city"));
        assert_eq!(place_and_name("city"), ("", "city"));
    }

    #[test]
    fn splits_every_style() {
        check("userEmail", "user email");
        check("USER_EMAIL", "user email");
        check("user-email.value", "user email value");
        check("clientIPAddress", "client ip address");
        check("address1", "address 1");
        check("data[0][user_data][em]", "data 0 user data em");
        check("IMEI2", "imei 2");
        check("Téléphone", "telephone");
        check("Straße", "strasse");
        check("номерТелефона", "номер телефона");
        check("latency", "latency");
        check("", "");
    }
}
