//! Names every decoder that `decoder` can be pointed at, one a line: a new line in a registry is fuzzed without more ado.

use landfall::decode::{coding, format, nested};

fn main() {
    for format in format::FORMATS {
        println!("format-{}", format.name);
    }
    for coding in coding::CODINGS {
        println!("coding-{}", coding.name);
    }
    for nested in nested::NESTED {
        println!("nested-{}", nested.name);
    }
}
