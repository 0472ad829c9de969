//! Decompresses gzip (RFC 1952) and zlib (RFC 1950). Both contain deflate (RFC 1951).
//!
//! CloudWatch Logs sends its documents in these formats. The data is not trusted: every code, length and distance is
//! checked. The size of the output is limited, because a few bytes can unpack to a gigabyte.

/// Unpacks gzip or zlib data. Returns `None` if the data has another format, is damaged, or unpacks to more than
/// `limit` bytes.
pub fn unpack(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let body = match packed {
        [0x1f, 0x8b, 8, flags @ ..32, _, _, _, _, _, _, rest @ ..] => gzip_body(*flags, rest)?,
        [method, flags, rest @ ..]
            if method & 15 == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0 && flags & 32 == 0 =>
        {
            rest
        }
        _ => return None,
    };
    let mut inflater = Inflater { rest: body, bits: 0, count: 0, fixed: None, out: Vec::new(), limit };
    while !inflater.block()? {}
    let Inflater { rest: trailer, out, .. } = inflater;
    let is_whole = if packed.starts_with(&[0x1f]) {
        let length = u32::try_from(out.len()).ok()?;
        trailer.starts_with(&[crc32(&out).to_le_bytes(), length.to_le_bytes()].concat())
    } else {
        trailer.starts_with(&adler32(&out).to_be_bytes())
    };
    is_whole.then_some(out)
}

/// Skips the optional fields of a gzip header. Returns the data behind them.
fn gzip_body(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let (length, behind) = rest.split_first_chunk()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            rest = rest.get(rest.iter().position(|byte| *byte == 0)? + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// Returns the CRC-32 of `bytes`. Processes half a byte at a time.
fn crc32(bytes: &[u8]) -> u32 {
    #[rustfmt::skip]
    const TABLE: [u32; 16] = [
        0x0000_0000, 0x1db7_1064, 0x3b6e_20c8, 0x26d9_30ac, 0x76dc_4190, 0x6b6b_51f4, 0x4db2_6158, 0x5005_713c,
        0xedb8_8320, 0xf00f_9344, 0xd6d6_a3e8, 0xcb61_b38c, 0x9b64_c2b0, 0x86d3_d2d4, 0xa00a_e278, 0xbdbd_f21c,
    ];
    let step = |sum: u32| sum >> 4 ^ TABLE.get(sum as usize & 15).copied().unwrap_or(0);
    !bytes.iter().fold(!0, |sum, byte| step(step(sum ^ u32::from(*byte))))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1u32, 0u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    high << 16 | low
}

/// The length of the longest code, in bits.
const MAX_CODE_BITS: usize = 15;

/// A canonical Huffman code: the number of codes of each length, and the symbols in the order of their codes.
struct Code {
    counts: [u16; MAX_CODE_BITS + 1],
    symbols: Vec<u16>,
}

impl Code {
    /// Makes the code from the length of each symbol's code. Returns `None` if there are more codes than the lengths
    /// allow.
    fn new(lengths: &[u8]) -> Option<Code> {
        let mut counts = [0u16; MAX_CODE_BITS + 1];
        for length in lengths {
            *counts.get_mut(usize::from(*length))? += 1;
        }
        let mut free = 1i32;
        for count in counts.get(1..)? {
            free = free * 2 - i32::from(*count);
            if free < 0 {
                return None;
            }
        }
        let mut next = [0; MAX_CODE_BITS + 1]; // the place of the next symbol of each length
        let mut total = 0;
        for (next, count) in next.iter_mut().zip(counts).skip(1) {
            *next = total;
            total += usize::from(count);
        }
        let mut symbols = vec![0; total];
        for (symbol, length) in (0..).zip(lengths).filter(|(_, length)| **length > 0) {
            let place = next.get_mut(usize::from(*length))?;
            *symbols.get_mut(*place)? = symbol;
            *place += 1;
        }
        Some(Code { counts, symbols })
    }
}

/// Reads a byte only when it needs a bit of that byte. After the last block, `rest` is right behind the block.
struct Inflater<'a> {
    rest: &'a [u8],
    /// Bits that were read and not used yet, and their number. The next bit is the lowest. After a call of `take`,
    /// there are fewer than 8.
    bits: u32,
    count: u32,
    /// The fixed codes, from the first block that uses them. They are kept because a block can have only ten bits, and
    /// making the codes takes longer than reading such a block.
    fixed: Option<(Code, Code)>,
    out: Vec<u8>,
    limit: usize,
}

impl Inflater<'_> {
    /// Reads a block. Returns true if it is the last block.
    fn block(&mut self) -> Option<bool> {
        let is_last = self.take(1)? == 1;
        match self.take(2)? {
            0 => self.stored()?,
            1 => {
                let (literals, distances) = match self.fixed.take() {
                    Some(codes) => codes,
                    None => (Code::new(&std::array::from_fn::<u8, 288, _>(fixed_length))?, Code::new(&[5; 30])?),
                };
                self.compressed(&literals, &distances)?;
                self.fixed = Some((literals, distances));
            }
            2 => {
                let (literals, distances) = self.codes()?;
                self.compressed(&literals, &distances)?;
            }
            _ => return None,
        }
        Some(is_last)
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        while self.count < count {
            let (byte, rest) = self.rest.split_first()?;
            self.bits |= u32::from(*byte) << self.count;
            self.count += 8;
            self.rest = rest;
        }
        let taken = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.count -= count;
        Some(taken)
    }

    fn symbol(&mut self, code: &Code) -> Option<u16> {
        let (mut value, mut first, mut index) = (0, 0, 0);
        for count in code.counts.iter().skip(1) {
            value |= self.take(1)? as i32;
            let count = i32::from(*count);
            if value - first < count {
                return code.symbols.get(usize::try_from(index + value - first).ok()?).copied();
            }
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        None
    }

    fn check_room(&mut self, bytes: usize) -> Option<()> {
        (self.limit - self.out.len() >= bytes).then_some(())
    }

    fn stored(&mut self) -> Option<()> {
        (self.bits, self.count) = (0, 0);
        let (header, rest) = self.rest.split_first_chunk::<4>()?;
        let [low, high, not_low, not_high] = *header;
        if (low, high) != (!not_low, !not_high) {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        self.check_room(bytes.len())?;
        self.out.extend_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    /// Reads the codes of a block that defines its own codes.
    fn codes(&mut self) -> Option<(Code, Code)> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (literals, distances, count) =
            (self.take(5)? as usize + 257, self.take(5)? as usize + 1, self.take(4)? as usize + 4);
        let mut lengths = [0; 19];
        for place in ORDER.iter().take(count) {
            *lengths.get_mut(*place)? = self.take(3)? as u8;
        }
        let code = Code::new(&lengths)?;
        let mut lengths = Vec::with_capacity(literals + distances);
        while lengths.len() < literals + distances {
            let (length, times) = match self.symbol(&code)? {
                16 => (*lengths.last()?, self.take(2)? + 3),
                17 => (0, self.take(3)? + 3),
                18 => (0, self.take(7)? + 11),
                length => (length as u8, 1),
            };
            lengths.resize(lengths.len() + times as usize, length);
        }
        let (literals, distances) = lengths.split_at_checked(literals).filter(|(_, rest)| rest.len() == distances)?;
        Some((Code::new(literals)?, Code::new(distances)?))
    }

    fn compressed(&mut self, literals: &Code, distances: &Code) -> Option<()> {
        loop {
            match self.symbol(literals)? {
                literal @ 0..=255 => {
                    self.check_room(1)?;
                    self.out.push(literal as u8);
                }
                256 => return Some(()),
                symbol => {
                    let length = self.length(symbol - 257)?;
                    let distance = self.distance(distances)?;
                    self.repeat(length, distance)?;
                }
            }
        }
    }

    fn length(&mut self, symbol: u16) -> Option<usize> {
        let symbol = u32::from(symbol);
        match symbol {
            0..=7 => Some(symbol as usize + 3),
            8..=27 => {
                let extra = (symbol - 4) / 4;
                Some((((4 + symbol % 4) << extra) + 3 + self.take(extra)?) as usize)
            }
            28 => Some(258),
            _ => None,
        }
    }

    fn distance(&mut self, code: &Code) -> Option<usize> {
        let symbol = u32::from(self.symbol(code)?);
        match symbol {
            0..=3 => Some(symbol as usize + 1),
            4..=29 => {
                let extra = (symbol - 2) / 2;
                Some((((2 + symbol % 2) << extra) + 1 + self.take(extra)?) as usize)
            }
            _ => None,
        }
    }

    /// Repeats `length` bytes of the output from `distance` bytes back. The source may overlap the bytes that are
    /// appended.
    fn repeat(&mut self, length: usize, distance: usize) -> Option<()> {
        self.check_room(length)?;
        let start = self.out.len().checked_sub(distance)?;
        for at in start..start + length {
            let byte = *self.out.get(at)?;
            self.out.push(byte);
        }
        Some(())
    }
}

/// Returns the length of a symbol's code in the fixed code.
fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        144..=255 => 9,
        256..=279 => 7,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that Python's gzip packed at level 9, with all optional fields of the header. Its block defines its own
    /// codes.
    const GZIP: &str = "H4sIHgAAAAACAwMAYWJjbmFtZQBjb21tZW50ABI0rdZNCoMwEIbhfU8xB+giM0n8OY7FmAghQrX0+u3WjSC8++GDB0J4g5P8TqnJ\
        azuOmnYpU8try7I1OUqS71TrU6Y2y7qInm5lL9unzrL8Tx5+vLHjLnaGGzt2sdNDrg5yRcgVIJeHXAa5FHI5xmUj47KBcVkPuTrI\
        FSFXgFwechnkUsjlGJeOjEsHxqU95OogV4RcAXJ5yGWQSyEX1BtQbkC1AcUG1BpQalClAX2E0PtjUD8HQ0dYNwsAAA==";

    /// The first 300 bytes of this text, packed by Python's zlib with the strategy Z_FIXED.
    const ZLIB: &str = "eAEzMVBIL0pNzVNIyi8pyUktVshIzEvPzEtXyM9TKMlIVShPzMnRUUjMS1HITFMwRFGrUJyRX5qTopAGVMJlbEmCOQZ4zLEgwRwj\
        POaYU8lfZgg5ABdDZ80=";

    fn bottles() -> Vec<u8> {
        let line = |n| format!("{n} green bottles hanging on the wall, and if {} green bottle should fall\n", n % 3);
        (1..=40).rev().map(line).collect::<String>().into_bytes()
    }

    fn unpack_base64(text: &str, limit: usize) -> Option<Vec<u8>> {
        unpack(&super::super::base64::decode(text.as_bytes())?, limit)
    }

    #[test]
    fn data_packed_by_python_is_unpacked() {
        let text = bottles();
        assert_eq!(unpack_base64(GZIP, text.len()).as_deref(), Some(&*text));
        assert_eq!(unpack_base64(GZIP, text.len() - 1), None);
        assert_eq!(unpack_base64(ZLIB, 300).as_deref(), text.get(..300));
        assert_eq!(unpack_base64(ZLIB, 299), None);
    }

    fn stored(bytes: &[u8]) -> Vec<u8> {
        let length = bytes.len() as u16;
        let mut packed = vec![0x78, 0x01, 1];
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(bytes);
        packed.extend_from_slice(&adler32(bytes).to_be_bytes());
        packed
    }

    #[test]
    fn sums_are_right() {
        assert_eq!((crc32(b"123456789"), adler32(b"Wikipedia")), (0xcbf4_3926, 0x11e6_0398));
    }

    #[test]
    fn stored_blocks_are_unpacked() {
        assert_eq!(unpack(&stored(b"abc"), 3).as_deref(), Some(&b"abc"[..]));
        assert_eq!(unpack(&stored(b"abc"), 2), None);
    }

    /// The first block of data whose bits are these, in the order in which they are read.
    fn block(bits: &[&str], limit: usize) -> Option<Vec<u8>> {
        let mut packed: Vec<u8> = Vec::new();
        for (index, bit) in bits.concat().bytes().enumerate() {
            if index % 8 == 0 {
                packed.push(0);
            }
            let _ = packed.last_mut().map(|byte| *byte |= (bit - b'0') << (index % 8));
        }
        let mut inflater = Inflater { rest: &packed, bits: 0, count: 0, fixed: None, out: Vec::new(), limit };
        inflater.block()?;
        Some(inflater.out)
    }

    #[test]
    fn a_stored_block_begins_with_the_next_byte_and_says_its_length_twice() {
        let two = |padding: u8, sum: u8| {
            let mut packed =
                vec![0x78, 0x01, padding << 3, 1, 0, 0xfe, sum, b'a', padding << 3 | 1, 1, 0, 0xfe, 0xff, b'b'];
            packed.extend_from_slice(&adler32(b"ab").to_be_bytes());
            unpack(&packed, 2)
        };
        for padding in 0..32 {
            assert_eq!(two(padding, 0xff).as_deref(), Some(&b"ab"[..]));
            assert_eq!(two(padding, 0xfe), None);
        }
    }

    #[test]
    fn no_literal_is_beyond_the_limit() {
        let one = ["1", "10", "10010001", "0000000"]; // the last block, with fixed codes: an "a", and the end
        assert_eq!((block(&one, 1).as_deref(), block(&one, 0)), (Some(&b"a"[..]), None));
    }

    #[test]
    fn there_are_as_many_codes_as_their_lengths_allow_and_as_many_lengths_as_were_told() {
        for (lengths, is_code) in [
            (&[1, 1][..], true),
            (&[1, 1, 1], false),
            (&[1, 2, 2], true),
            (&[1, 2, 2, 2], false),
            (&[2, 2], true),
            (&[0, 0], true),
            (&[1, 1, 15], false),
        ] {
            assert_eq!(Code::new(lengths).is_some(), is_code, "{lengths:?}");
        }
        // Its own codes: 257 literals and 1 distance, whose lengths have codes for 18, for 0 and for 1. 256 zeros, and two ones.
        let codes = ["1", "01", "00000", "00000", "0111", "000000", "100", "010", &"000".repeat(13), "010"];
        let begins = [&*codes.concat(), "0", "1111111", "0", "1101011"].concat();
        assert_eq!(block(&[&begins, "11", "11", "0"], 0), Some(Vec::new()));
        assert_eq!(block(&[&begins, "11", "0", "0000000", "0"], 0), None); // eleven distances more
    }

    #[test]
    fn codes_may_end_with_a_byte_and_runs_may_be_long() {
        let high_bytes = "eAE7cfLU6TNnARCRBMA="; // fixed codes, whose last one ends with the last bit of a byte
        assert_eq!(unpack_base64(high_bytes, 6).as_deref(), Some(&[200, 201, 202, 203, 204, 205][..]));
        let run = "eNpLTBwFo4D6AADuuuNZ";
        assert_eq!(unpack_base64(run, 600), Some(vec![b'a'; 600]));
    }

    #[test]
    fn other_headers_are_refused() {
        for header in [[0x79, 0x18], [0x78, 0x02], [0x78, 0xbb]] {
            let mut packed = stored(b"abc");
            packed[..2].copy_from_slice(&header); // another method, a wrong sum, a dictionary
            assert_eq!(unpack(&packed, 3), None, "{header:?}");
        }
    }

    #[test]
    fn undefined_flags_are_refused() {
        let mut packed = super::super::base64::decode(GZIP.as_bytes()).unwrap();
        assert!(unpack(&packed, 9999).is_some());
        for flag in [32, 64, 128] {
            packed[3] ^= flag;
            assert_eq!(unpack(&packed, 9999), None);
            packed[3] ^= flag;
        }
    }

    #[test]
    fn damaged_data_is_refused() {
        let samples = [stored(b"abc"), super::super::base64::decode(GZIP.as_bytes()).unwrap()];
        for good in samples {
            for index in 0..good.len() {
                let _ = good.get(..index).map(|half| assert!(unpack(half, 9999).is_none(), "{index}"));
                for bit in 0..8 {
                    let mut bad = good.clone();
                    let _ = bad.get_mut(index).map(|byte| *byte ^= 1 << bit);
                    let unpacked = unpack(&bad, 9999); // unless the bit does not matter
                    assert!(unpacked.is_none_or(|text| text == bottles() || text == b"abc"), "{index} {bit}");
                }
            }
        }
    }
}
