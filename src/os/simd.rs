//! Compares 32 bytes at once, where each machine of an architecture can.
#![allow(unsafe_code)]
#![cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "there is nothing to compare with"))]

/// Whether all of them are ASCII, and none is a quote, a backslash or a control character. `None`: not on this architecture.
#[inline(always)]
pub fn is_plain_ascii(block: &[u8; 32]) -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: each x86-64 has SSE2.
    return Some(unsafe { sse2::is_plain_ascii(block) });
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// Whether one of them is a control character. `None`: not on this architecture.
#[inline(always)]
pub fn has_control(block: &[u8; 32]) -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: each x86-64 has SSE2.
    return Some(unsafe { sse2::has_control(block) });
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// Decodes sixteen letters of base64, and says whether they are some. `None`: not on this architecture.
#[inline(always)]
pub fn decode_base64(letters: &[u8; 16]) -> Option<([u8; 12], bool)> {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: each x86-64 has SSE2.
    return Some(unsafe { sse2::decode_base64(letters) });
    #[cfg(not(target_arch = "x86_64"))]
    None
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cmplt_epi8, _mm_cvtsi128_si64,
        _mm_loadu_si128, _mm_madd_epi16, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_set1_epi16,
        _mm_set1_epi32, _mm_slli_epi16, _mm_srli_epi16, _mm_unpackhi_epi64,
    };

    /// True if `test` sets the highest bit of a byte.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn any(block: &[u8; 32], test: impl Fn(__m128i) -> __m128i) -> bool {
        let half = block.as_ptr().cast::<__m128i>();
        // SAFETY: the first 16 of 32 bytes. They need not be aligned.
        let first = unsafe { _mm_loadu_si128(half) };
        // SAFETY: the last 16 of 32 bytes.
        let second = unsafe { _mm_loadu_si128(half.wrapping_add(1)) };
        _mm_movemask_epi8(_mm_or_si128(test(first), test(second))) != 0
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn is_plain_ascii(block: &[u8; 32]) -> bool {
        !any(block, |bytes| {
            let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22));
            let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5c));
            let controls_and_not_ascii = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)); // as signed numbers
            _mm_or_si128(_mm_or_si128(quotes, backslashes), controls_and_not_ascii)
        })
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn has_control(block: &[u8; 32]) -> bool {
        any(block, |bytes| _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes))
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn decode_base64(letters: &[u8; 16]) -> ([u8; 12], bool) {
        // SAFETY: 16 bytes. They need not be aligned.
        let letters = unsafe { _mm_loadu_si128(letters.as_ptr().cast()) };
        let between = |first: u8, last: u8| {
            let (before, behind) = (_mm_set1_epi8(first.cast_signed() - 1), _mm_set1_epi8(last.cast_signed() + 1));
            _mm_and_si128(_mm_cmpgt_epi8(letters, before), _mm_cmplt_epi8(letters, behind))
        };
        let is = |letter: u8| _mm_cmpeq_epi8(letters, _mm_set1_epi8(letter.cast_signed()));
        let (upper, lower, digit, plus, slash) =
            (between(b'A', b'Z'), between(b'a', b'z'), between(b'0', b'9'), is(b'+'), is(b'/'));
        let or = |a, b| _mm_or_si128(a, b);
        let is_base64 = _mm_movemask_epi8(or(or(or(upper, lower), or(plus, slash)), digit)) == 0xffff;
        // what is added to a letter of each kind gives its value
        let added = |kind, number| _mm_and_si128(kind, _mm_set1_epi8(number));
        let added =
            or(or(or(added(upper, -65), added(lower, -71)), or(added(plus, 19), added(slash, 16))), added(digit, 4));
        let values = _mm_add_epi8(letters, added);
        // 6 bits in each byte, 12 in two, 24 in four
        let first = _mm_slli_epi16(_mm_and_si128(values, _mm_set1_epi16(0xff)), 6);
        let twelves = or(first, _mm_srli_epi16(values, 8));
        let groups = _mm_madd_epi16(twelves, _mm_set1_epi32(0x0001_1000));
        let bits = |half: i64| (half.cast_unsigned() << 40) | (half.cast_unsigned() >> 32 << 16); // the highest 48
        let (start, end) =
            (bits(_mm_cvtsi128_si64(groups)), bits(_mm_cvtsi128_si64(_mm_unpackhi_epi64(groups, groups))));
        let bytes = u128::from(start) << 64 | u128::from(end) << 16;
        let mut decoded = [0; 12];
        decoded.copy_from_slice(&bytes.to_be_bytes()[..12]);
        (decoded, is_base64)
    }
}
