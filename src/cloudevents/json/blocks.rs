//! Looks at many bytes at once. A compiler that builds for size would compare them one by one.

use crate::os::simd;

/// A 1 in each byte.
pub const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each byte.
pub const HIGHEST_BITS: u64 = ONES * 0x80;

/// The bytes that are looked at as a whole.
pub const BLOCK: usize = 32;

/// Returns how many bytes at the start of `text` are in blocks of ASCII without quotes, backslashes and control characters.
#[inline(never)] // it is called from several places, and the code is smaller without inlining
pub fn plain_ascii(text: &[u8]) -> usize {
    text.as_chunks().0.iter().take_while(|block| is_plain_ascii(block)).count() * BLOCK
}

/// Returns how many bytes at the start of `text` are in blocks without control characters.
#[inline(never)]
pub fn without_controls(text: &[u8]) -> usize {
    text.as_chunks().0.iter().take_while(|block| !has_control(block)).count() * BLOCK
}

/// Sets a bit in the first byte that is a quote, a backslash or a control character. This is the lowest bit of the
/// result. A borrow may set higher bits without a cause, so a caller must not use them.
#[inline(always)]
pub fn special_bytes(eight: u64) -> u64 {
    // With bit 1 turned round a quote is 0x20, and of all others the control characters alone are less than 0x21.
    let quotes_and_controls = eight ^ (ONES * 0x02);
    let backslashes = eight ^ (ONES * b'\\' as u64);
    let found = quotes_and_controls.wrapping_sub(ONES * 0x21) & !quotes_and_controls
        | backslashes.wrapping_sub(ONES) & !backslashes;
    found & HIGHEST_BITS
}

/// Does the same for a byte that is a quote, a backslash, a control character or not ASCII.
#[inline(always)]
pub fn special_or_not_ascii(eight: u64) -> u64 {
    either(eight) & HIGHEST_BITS
}

/// Sets the highest bit of the first such byte, and other bits. Bytes that are not ASCII need not be told apart: one of the two
/// differences has the highest bit of each.
#[inline(always)]
fn either(eight: u64) -> u64 {
    let quotes_and_controls = (eight ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (eight ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    quotes_and_controls | backslashes
}

#[inline(always)]
fn is_plain_ascii(block: &[u8; BLOCK]) -> bool {
    simd::is_plain_ascii(block).unwrap_or_else(|| !any(block, either))
}

/// True if one of the eight bytes is a control character. (The borrow of one that is may make the next one look so: hence "may".)
pub fn may_have_control(eight: [u8; 8]) -> bool {
    controls(u64::from_le_bytes(eight)) & HIGHEST_BITS != 0
}

#[inline(always)]
fn has_control(block: &[u8; BLOCK]) -> bool {
    simd::has_control(block).unwrap_or_else(|| any(block, controls))
}

/// Sets the highest bit of each byte that is less than 0x20.
#[inline(always)]
fn controls(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word
}

/// True if `test` sets the highest bit of a byte. There is no loop, because the compiler would not unroll it.
#[inline(always)]
fn any(block: &[u8; BLOCK], test: impl Fn(u64) -> u64) -> bool {
    let [a, b, c, d] = block.as_chunks::<8>().0 else { return true };
    let test = |word: &[u8; 8]| test(u64::from_le_bytes(*word));
    (test(a) | test(b) | test(c) | test(d)) & HIGHEST_BITS != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `check` with blocks that differ in one byte, and with this byte.
    fn each_block(check: impl Fn(&[u8; BLOCK], u8)) {
        for around in [b' ', b'!', b'#', b'[', b']', b'a', 0x7f] {
            for (byte, at) in (0..=255).flat_map(|byte| (0..BLOCK).map(move |at| (byte, at))) {
                let mut block = [around; BLOCK];
                block[at] = byte;
                check(&block, byte);
            }
        }
    }

    #[test]
    fn the_first_special_byte_of_eight_is_found() {
        for around in [b' ', b'!', b'#', b'[', b']', b'a', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for (byte, at) in (0..=255).flat_map(|byte| (0..8).map(move |at| (byte, at))) {
                for second in [around, b'"', b'\\', 0x1f] {
                    let mut eight = [around; 8];
                    eight[(at + 3) % 8] = second;
                    eight[at] = byte;
                    let is_special = |byte: &u8| matches!(byte, 0..=0x1f | b'"' | b'\\');
                    let first = eight.iter().position(is_special).unwrap_or(8);
                    let other = eight.iter().position(|byte| is_special(byte) || !byte.is_ascii()).unwrap_or(8);
                    let found = [special_bytes, special_or_not_ascii].map(|find| find(u64::from_le_bytes(eight)));
                    assert_eq!(found.map(|bits| bits.trailing_zeros() as usize / 8), [first, other], "{eight:?}");
                }
            }
        }
    }

    #[test]
    fn a_block_is_plain_if_each_of_its_bytes_is() {
        each_block(|block, byte| {
            let is_plain = matches!(byte, b' '..=0x7f) && !matches!(byte, b'"' | b'\\');
            assert_eq!([is_plain_ascii(block), !any(block, either)], [is_plain; 2], "{block:?}"); // with and without SIMD
        });
    }

    #[test]
    fn a_block_has_a_control_character_if_one_of_its_bytes_is_one() {
        each_block(|block, byte| assert_eq!([has_control(block), any(block, controls)], [byte < 0x20; 2], "{block:?}"));
        for high in [0x80, 0x9f, 0xa0, 0xff] {
            assert!(!has_control(&[high; BLOCK]));
        }
    }

    #[test]
    fn a_word_is_passed_over_unless_it_has_a_control_character() {
        for plain in [*b"        ", *b"{\"a\": 1}", *b"\x7f\x80\x9f\xa0\xff   ", [0xff; 8], [0x80; 8]] {
            assert!(!may_have_control(plain));
            for (at, control) in (0..8).flat_map(|at| (0..0x20).map(move |control| (at, control))) {
                let mut word = plain;
                word[at] = control;
                assert!(may_have_control(word));
            }
        }
    }

    #[test]
    fn whole_blocks_are_counted() {
        for length in 0..100 {
            let mut text = vec![b'x'; length];
            assert_eq!(plain_ascii(&text), length / BLOCK * BLOCK);
            assert_eq!(without_controls(&text), length / BLOCK * BLOCK);
            for at in 0..length {
                text[at] = b'\n';
                assert_eq!(plain_ascii(&text), at / BLOCK * BLOCK);
                assert_eq!(without_controls(&text), at / BLOCK * BLOCK);
                text[at] = b'x';
            }
        }
    }
}
