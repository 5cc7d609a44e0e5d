//! Validators: one check of one kind of value per file, one line each in the registry. A validator may veto; it never accepts alone.

mod aba;
mod base58;
mod card;
mod date;
mod email;
mod entropy;
mod iban;
mod iccid;
mod identifier;
mod imei;
mod ip;
mod luhn;
mod mac;
mod name;
mod phone;
mod ssn;
mod text;
mod vin;

/// Whether a value can be what its name says. Takes the value as found, separators and all.
pub type Validator = fn(&str) -> bool;

/// Every validator by the name that `rules/elements` uses.
pub const VALIDATORS: &[(&str, Validator)] = &[
    ("aba", aba::is_aba_routing),
    ("base58check", base58::is_base58check_or_other),
    ("base58check_strict", base58::is_base58check),
    ("card", card::is_card_number),
    ("card_strict", card::is_card_number_without_a_name),
    ("coordinates_in_text", text::are_coordinates_in_text),
    ("date", date::is_birth_date),
    ("email", email::is_email),
    ("email_personal", email::is_personal),
    ("entropy", entropy::looks_random),
    ("iban", iban::is_iban),
    ("iccid", iccid::is_iccid),
    ("identifier", identifier::is_identifier),
    ("imei", imei::is_imei),
    ("ip", ip::is_client_or_lan_address),
    ("ip_in_text", ip::is_address_in_text),
    ("ip_strict", ip::is_address_without_a_name),
    ("mac", mac::is_mac),
    ("name", name::can_be_a_name),
    ("name_in_text", text::is_name_in_text),
    ("address", text::is_address_in_text),
    ("handle", text::is_handle_in_text),
    ("phone", phone::is_phone),
    ("phone_in_text", phone::is_phone_in_text),
    ("phone_strict", phone::is_phone_without_a_name),
    ("ssn", ssn::is_ssn),
    ("itin", ssn::is_itin),
    ("vin", vin::is_vin),
];

/// A validator by its name.
pub fn by_name(name: &str) -> Option<Validator> {
    VALIDATORS.iter().find(|(n, _)| *n == name).map(|(_, validator)| *validator)
}

/// The name of a validator.
pub fn name_of(validator: Validator) -> Option<&'static str> {
    VALIDATORS.iter().find(|(_, v)| std::ptr::fn_addr_eq(*v, validator)).map(|(name, _)| *name)
}

/// The digits of a value.
fn digits(value: &str) -> Vec<u8> {
    value.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect()
}

/// Whether all characters are the same.
fn is_monotone<T: PartialEq>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, yes: &[&str], no: &[&str]) {
        let validator = by_name(name).unwrap();
        for value in yes {
            assert!(validator(value), "{name} {value}");
        }
        for value in no {
            assert!(!validator(value), "{name} {value}");
        }
    }

    #[test]
    fn numbers_with_check_digits() {
        check("aba", &["021000021", "0110-0001-5"], &["021000022", "000000000", "12345"]);
        check(
            "card",
            &["4539 0952 8514 7163", "374245455400126"],
            &["4111 1111 1111 1111", "378282246310005", "4539095285147164", "9750666718717351", "0000000000000000"],
        );
        check("card_strict", &["4539 0952 8514 7163"], &["4539095285147163", "4532641986639"]);
        check(
            "iban",
            &["DE75 5121 0800 1245 1261 99", "fr1420041010050500013m02606"],
            &["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "DE00370400440532013000", "DE8937040044"],
        );
        check("iccid", &["8901260852291234565"], &["8901260852291234561", "1764019065541034489"]);
        check(
            "imei",
            &["356938035643809", "35-693803-564380-9", "35693803564380"],
            &["356938035643801", "000000000000000"],
        );
        check("vin", &["1HGCM82633A004352"], &["1HGCM82633A004353", "1HGCM82633AO04352"]);
    }

    #[test]
    fn numbers_with_ranges() {
        check(
            "ssn",
            &["175-06-3033", "175063033"],
            &["000-12-3456", "666-12-3456", "987-65-4321", "123-00-1234", "078-05-1120"],
        );
        check("itin", &["912-70-1234"], &["912-10-1234", "812-70-1234"]);
        check(
            "date",
            &["1964-12-13", "11/01/1992", "01.02.1987", "19870102", "1987-01-02T00:00:00Z", "545875200"],
            &["2999-01-01", "1964-13-45", "0000-00-00", "yes"],
        );
    }

    #[test]
    fn addresses() {
        check(
            "ip",
            &["10.0.0.7", "2001:470:1::7", "73.25.190.61", "84.17.46.12:4711"],
            &["203.0.113.9", "2001:db8:1::7", "127.0.0.1", "0.0.0.0", "::1", "::", "300.1.1.1"],
        );
        check("ip_strict", &["202.207.111.75"], &["4.12.0.9", "1.0.0.0"]);
        check(
            "mac",
            &["D8:3A:DD:41:7C:09", "d83add417c09", "d8-3a-dd-41-7c-09", "d83a.dd41.7c09"],
            &["00:00:00:00:00:00", "02:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
        );
        check(
            "email",
            &["a.b+c@posteo.net", "ann@mail.test", "melissa.johnson38@example.com"],
            &["a@b", "test@example.com", "logo@2x.png", "a@@b.de"],
        );
        check(
            "email_personal",
            &["ann@shop.de"],
            &[
                "support@shop.de",
                "no-reply@shop.de",
                "hilfe@laden.example",
                "redaktion@blatt.example",
                "press-office@a.test",
            ],
        );
        check("phone_in_text", &["614-492-1836", "0151 20250785"], &["2026-11-24", "12.05.2026", "1763485041937"]);
        check(
            "name_in_text",
            &["Christine Roach", "Otávio Cavalcanti"],
            &["New York", "Black Friday", "Customer Service"],
        );
        check("address", &["971 Kyle Summit"], &["3 New Way Points", "2026 Spring"]);
        check("handle", &["@noor_c"], &["@media", "@Override", "@v2"]);
        check(
            "phone",
            &["+1 (503) 555-0119", "030 1234567", "5035550119"],
            &["1763485041937", "0000000000", "12", "(555) 555-0100", "+44 7700 900123"],
        );
    }
}
