//! A look at the headers of a Vorbis stream before they are decoded: how much memory its codebooks will take.
//!
//! A codebook of 131,072 entries can be written in a few bytes, and a header may have 256 of them, so that a file of kilobytes would
//! ask for gigabytes. Real encoders stay below a hundredth of the bound here. What is malformed is left to the decoder to refuse.

use crate::fault::Fault;

/// Most values and entries in all codebooks together; 4 bytes or more each in the decoder.
const MAX_VALUES: u64 = 4 << 20;

/// Length of the identification header, which comes before the setup header.
const N_IDENT: usize = 30;

/// Refuses headers (identification, then setup) whose codebooks are too large (Vorbis I, section 3.2.1).
pub(super) fn check_setup(headers: &[u8]) -> Result<(), Fault> {
    let setup = headers
        .get(N_IDENT..)
        .and_then(|rest| rest.strip_prefix(b"\x05vorbis"))
        .unwrap_or_default();
    let mut bits = Bits {
        bytes: setup,
        at: 0,
    };
    let n_codebooks = bits.read(8).map_or(0, |n| n + 1);
    let mut n_values = 0;
    for _ in 0..n_codebooks {
        let Some(n) = skip_codebook(&mut bits) else {
            break;
        };
        n_values += n;
        if n_values > MAX_VALUES {
            return Err(Fault::malformed(format!(
                "the Vorbis codebooks have more than {MAX_VALUES} values"
            )));
        }
    }
    Ok(())
}

/// Steps over a codebook; how many values it will have in memory. None when it is damaged.
fn skip_codebook(bits: &mut Bits<'_>) -> Option<u64> {
    if bits.read(24)? != 0x56_4342 {
        return None;
    }
    let n_dimensions = bits.read(16)?;
    let n_entries = bits.read(24)?;
    if bits.read(1)? == 1 {
        bits.read(5)?;
        let mut n = 0;
        while n < n_entries {
            let width = u64::BITS - (n_entries - n).leading_zeros();
            n += bits.read(width)?;
        }
    } else {
        let sparse = bits.read(1)? == 1;
        for _ in 0..n_entries {
            if !sparse || bits.read(1)? == 1 {
                bits.read(5)?;
            }
        }
    }
    let n_all = n_entries * n_dimensions;
    let n_lookup = match bits.read(4)? {
        0 => return Some(n_entries),
        1 => root(n_entries, n_dimensions),
        2 => n_all,
        _ => return None,
    };
    bits.read(32)?;
    bits.read(32)?;
    let width = u64::from(bits.read(4)? as u32 + 1);
    bits.read(1)?;
    bits.skip(width.checked_mul(n_lookup)?)?;
    Some(n_all + n_entries)
}

/// The greatest integer whose `n`-th power is at most `value`.
fn root(value: u64, n: u64) -> u64 {
    let power_fits = |base: u64| {
        let mut power = 1_u64;
        (0..n).all(|_| {
            power = power.saturating_mul(base);
            power <= value
        })
    };
    if n == 0 || value == 0 {
        return 0;
    }
    // Entries have 24 bits, so that a root of degree 2 or more has at most 13.
    if n == 1 {
        return value;
    }
    (1..=4_096)
        .take_while(|base| power_fits(*base))
        .last()
        .unwrap_or(0)
}

/// Bits from the least significant one of each byte.
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    fn read(&mut self, n: u32) -> Option<u64> {
        (0..n).try_fold(0, |value, index| {
            let byte = self.bytes.get(usize::try_from(self.at >> 3).ok()?)?;
            let bit = byte >> (self.at & 7) & 1;
            self.at += 1;
            Some(value | u64::from(bit) << index)
        })
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        self.at = self.at.checked_add(n)?;
        (self.at <= self.bytes.len() as u64 * 8).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits appended from the least significant one.
    #[derive(Default)]
    struct Writer(Vec<bool>);

    impl Writer {
        fn write(&mut self, value: u64, n: u32) {
            self.0
                .extend((0..n).map(|bit| value.checked_shr(bit).unwrap_or(0) & 1 == 1));
        }

        fn bytes(&self) -> Vec<u8> {
            self.0
                .chunks(8)
                .map(|byte| {
                    byte.iter()
                        .rev()
                        .fold(0, |sum, bit| sum << 1 | u8::from(*bit))
                })
                .collect()
        }
    }

    fn headers(n_codebooks: u64, n_entries: u64, n_dimensions: u64) -> Vec<u8> {
        let mut setup = Writer::default();
        setup.write(n_codebooks - 1, 8);
        for _ in 0..n_codebooks {
            setup.write(0x56_4342, 24);
            setup.write(n_dimensions, 16);
            setup.write(n_entries, 24);
            setup.write(1, 1); // ordered by length: all entries at once
            setup.write(16, 5);
            setup.write(n_entries, u64::BITS - n_entries.leading_zeros());
            setup.write(1, 4);
            setup.write(0, 32 + 32 + 4 + 1);
            setup.write(0, root(n_entries, n_dimensions) as u32);
        }
        [&[0; N_IDENT], b"\x05vorbis".as_slice(), &setup.bytes()].concat()
    }

    #[test]
    fn codebooks_are_summed_up() {
        assert_eq!(check_setup(&headers(40, 6_561, 8)), Ok(()));
        assert!(
            check_setup(&headers(200, 131_072, 32))
                .unwrap_err()
                .to_string()
                .contains("codebooks")
        );
        assert!(check_setup(&headers(40, 131_072, 1)).is_err());
        // A damaged header is the decoder's to refuse.
        assert_eq!(check_setup(b""), Ok(()));
        assert_eq!(check_setup(&headers(200, 131_072, 32)[..50]), Ok(()));
    }

    #[test]
    fn roots_are_exact() {
        for (value, n, expected) in [
            (81, 4, 3),
            (80, 4, 2),
            (16_777_215, 2, 4_095),
            (1, 32, 1),
            (5, 1, 5),
            (0, 2, 0),
        ] {
            assert_eq!(root(value, n), expected, "{value} ^ 1/{n}");
        }
    }
}
