//! International bank account numbers (ISO 13616): country, length and the check by ISO 7064 mod 97-10.

/// Length by country, for the countries of the IBAN registry.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 \
    ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 \
    LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SE24 SI19 \
    SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

pub(super) fn is_iban(value: &str) -> bool {
    let text: String = value.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    if !text.is_ascii() || text.len() < 15 {
        return false;
    }
    let known =
        LENGTHS.split_ascii_whitespace().any(|entry| entry[..2] == text[..2] && entry[2..].parse() == Ok(text.len()));
    known && mod97(&text) == Some(1)
}

/// The remainder with the first four characters moved to the end and letters as 10 to 35.
fn mod97(text: &str) -> Option<u32> {
    let moved = text.bytes().skip(4).chain(text.bytes().take(4));
    moved.into_iter().try_fold(0u32, |rest, b| match b {
        b'0'..=b'9' => Some((rest * 10 + u32::from(b - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(b - b'A') + 10) % 97),
        _ => None,
    })
}
