//! Compares 32 bytes at once, where each machine of an architecture can.
#![allow(unsafe_code)]

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

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
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
}
