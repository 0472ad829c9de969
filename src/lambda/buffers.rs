//! Where bytes wait between ureq and the socket.

use ureq::unversioned::transport::Buffers;

/// The room for one read or write at first, in bytes. It is doubled while there is much to move.
const PIECE: usize = 16 << 10;

/// The room for the first write, in bytes: ureq fails if a head does not fit, and X-Ray's cause alone may have 64 KiB. Pages that
/// are not written to cost nothing.
const FIRST_OUTPUT: usize = 128 << 10;

/// The room is not doubled beyond this, in bytes.
const MAX_PIECE: usize = 512 << 10;

/// Buffers that grow with what goes through them, and collect pieces of output for one write.
#[derive(Debug, Default)]
pub struct PieceBuffers {
    input: Vec<u8>,
    consumed: usize,
    filled: usize,
    made_progress: bool,
    output: Vec<u8>,
    pending: usize,
}

impl PieceBuffers {
    /// What is to be written next.
    pub fn pending(&self) -> &[u8] {
        self.output.get(..self.pending).unwrap_or_default()
    }

    /// Adds `amount` bytes of [`output`](Buffers::output) to what is pending. False if all of it must be flushed now.
    pub fn append_output(&mut self, amount: usize) -> bool {
        self.pending += amount;
        self.output.len() - self.pending >= PIECE / 2
    }

    /// Allocates anew: the kernel's pages are cleared already, and `resize` would clear them byte by byte.
    fn enlarge_input(&mut self) {
        let mut larger = vec![0; (self.input.len() * 2).max(PIECE)];
        if let Some(start) = larger.get_mut(..self.filled) {
            start.copy_from_slice(self.input.get(..self.filled).unwrap_or_default());
        }
        self.input = larger;
    }

    /// Notes that all that was pending has been written.
    pub fn flushed(&mut self) {
        let is_much = self.pending > self.output.len() / 2 && self.output.len() < MAX_PIECE;
        if is_much {
            self.output = vec![0; self.output.len() * 2];
        }
        self.pending = 0;
    }
}

impl Buffers for PieceBuffers {
    fn output(&mut self) -> &mut [u8] {
        if self.output.is_empty() {
            self.output = vec![0; FIRST_OUTPUT];
        }
        self.output.get_mut(self.pending..).unwrap_or_default()
    }

    fn input(&self) -> &[u8] {
        self.input.get(self.consumed..self.filled).unwrap_or_default()
    }

    /// There is always room, so that a head of any size can be read whole.
    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        if self.input.len() - self.filled < PIECE / 2 {
            self.enlarge_input();
        }
        self.input.get_mut(self.filled..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        if self.filled == self.input.len() && self.input.len() < MAX_PIECE {
            self.enlarge_input();
        }
    }

    fn input_consume(&mut self, amount: usize) {
        self.made_progress = amount > 0;
        self.consumed = (self.consumed + amount).min(self.filled);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output(); // makes room
        (&mut [], self.output.get_mut(self.pending..).unwrap_or_default())
    }

    fn can_use_input(&self) -> bool {
        self.made_progress && self.consumed < self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_input(bytes: usize) -> PieceBuffers {
        let mut buffers = PieceBuffers::default();
        buffers.input_append_buf();
        buffers.input_appended(bytes);
        buffers
    }

    #[test]
    fn input_can_be_used_when_the_last_look_took_some_and_left_some() {
        let mut buffers = with_input(3);
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
        buffers.input_consume(1);
        assert!(buffers.can_use_input());
        buffers.input_consume(2);
        assert!(!buffers.can_use_input());
    }

    #[test]
    fn room_for_input_is_doubled_when_it_was_filled_and_never_runs_out() {
        let room = |bytes| with_input(bytes).input_append_buf().len();
        assert_eq!(room(PIECE / 2), PIECE / 2);
        assert_eq!(room(PIECE / 2 + 1), 2 * PIECE - (PIECE / 2 + 1));
        assert_eq!(with_input(PIECE - 1).input.len(), PIECE);
        assert_eq!(with_input(PIECE).input.len(), 2 * PIECE);
    }

    #[test]
    fn room_for_input_comes_back_when_it_was_consumed() {
        let mut buffers = with_input(PIECE / 2);
        buffers.input_consume(PIECE / 2 - 1);
        assert_eq!(buffers.input_append_buf().len(), PIECE - 1);
        assert_eq!(buffers.input().len(), 1);
    }

    #[test]
    fn room_is_doubled_up_to_a_limit() {
        let mut buffers = with_input(0);
        buffers.input = vec![0; MAX_PIECE];
        buffers.input_appended(MAX_PIECE);
        assert_eq!(buffers.input.len(), MAX_PIECE);
        buffers.output = vec![0; MAX_PIECE];
        buffers.append_output(MAX_PIECE);
        buffers.flushed();
        assert_eq!(buffers.output().len(), MAX_PIECE);
    }

    #[test]
    fn output_is_held_back_while_there_is_room_and_grows_where_much_goes_out() {
        let mut buffers = PieceBuffers::default();
        assert_eq!(buffers.output().len(), FIRST_OUTPUT);
        assert!(buffers.append_output(FIRST_OUTPUT - PIECE / 2));
        assert!(!buffers.append_output(1));
        buffers.flushed();
        assert_eq!(buffers.output().len(), 2 * FIRST_OUTPUT);
        buffers.append_output(FIRST_OUTPUT);
        buffers.flushed();
        assert_eq!(buffers.output().len(), 2 * FIRST_OUTPUT);
    }
}
