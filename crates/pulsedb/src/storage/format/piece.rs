//! Rows of `piece`: what the ranking of texts needs of one record besides its words and its vector.

use crate::storage::format::flags::{bit, known_bits};
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

const HAS_TASK: u8 = 1;
const ASKS: u8 = 2;

/// A row, its pieces read where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PieceRow<'b> {
    /// Who recorded it.
    pub(crate) agent: &'b str,
    /// The task, session or conversation that it belongs to.
    pub(crate) task: Option<&'b str>,
    /// Whether the content ends with a question mark.
    pub(crate) asks: bool,
    pieces: &'b [[u8; 2]],
}

/// Writes a row.
pub(crate) fn write_piece_row(agent: &str, task: Option<&str>, asks: bool, pieces: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    out.u8(bit(task.is_some(), HAS_TASK) | bit(asks, ASKS));
    for text in [Some(agent), task].into_iter().flatten() {
        out.u16(text.len() as u16);
        out.put(text.as_bytes());
    }
    for piece in pieces {
        // The table has fewer rows than 2^16.
        out.u16(*piece as u16);
    }
    out
}

impl<'b> PieceRow<'b> {
    /// Reads a row; `None` for bytes that are none.
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let flags = known_bits(reader.u8()?, HAS_TASK | ASKS)?;
        let agent = text(&mut reader)?;
        let task = if flags & HAS_TASK == 0 { None } else { Some(text(&mut reader)?) };
        let (pieces, behind) = reader.rest().as_chunks();
        behind.is_empty().then_some(Self { agent, task, asks: flags & ASKS != 0, pieces })
    }

    /// The pieces of the content: rows of the bundled table.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = u16> + 'b {
        self.pieces.iter().map(|bytes| u16::from_le_bytes(*bytes))
    }
}

fn text<'b>(reader: &mut Reader<'b>) -> Option<&'b str> {
    let length = reader.u16()?;
    std::str::from_utf8(reader.bytes(usize::from(length))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written_and_no_other_bytes_are() {
        for (task, asks, pieces) in [(None, false, &[][..]), (Some("t\u{e9}"), true, &[0, 7, 29_522])] {
            let bytes = write_piece_row("ada", task, asks, pieces);
            let row = PieceRow::read(&bytes).expect("a row");
            assert_eq!((row.agent, row.task, row.asks), ("ada", task, asks));
            assert!(row.pieces().map(u32::from).eq(pieces.iter().copied()));
            let head = bytes.len() - 2 * pieces.len();
            for length in 0..bytes.len() {
                let is_row = length >= head && (length - head).is_multiple_of(2);
                assert_eq!(PieceRow::read(&bytes[..length]).is_some(), is_row, "{length}");
            }
            let mut unknown = bytes.clone();
            unknown[0] |= 4;
            assert_eq!(PieceRow::read(&unknown), None);
        }
    }
}
