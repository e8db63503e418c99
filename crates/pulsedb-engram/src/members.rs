//! The files of a snapshot as members of a tar archive, which the engram takes in without a directory on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use pulsedb::Timestamp;

const BLOCK_BYTES: usize = 512;
/// The greatest number of eleven octal digits.
const OCTAL_MAX: u64 = 0o777_7777_7777;

/// An archive that is being written.
pub(crate) struct Members {
    output: BufWriter<File>,
}

impl Members {
    pub(crate) fn new(file: File) -> Self {
        Self { output: BufWriter::with_capacity(1 << 20, file) }
    }

    /// Adds a file. A time before 1970 counts as that, since it is only what `ls` shows.
    pub(crate) fn add(
        &mut self,
        directory: &str,
        name: &str,
        content: &[u8],
        time: Timestamp,
    ) -> io::Result<()> {
        let mut header = [0; BLOCK_BYTES];
        let seconds = u64::try_from(time.as_millis().div_euclid(1000)).unwrap_or_default();
        put(&mut header, 0, 100, name.as_bytes());
        put(&mut header, 345, 155, directory.as_bytes());
        for (at, digits, value) in [
            (100, 7, 0o644),
            (108, 7, 0),
            (116, 7, 0),
            (124, 11, content.len() as u64),
            (136, 11, seconds.min(OCTAL_MAX)),
        ] {
            put(&mut header, at, digits, format!("{value:0digits$o}").as_bytes());
        }
        put(&mut header, 148, 8, b"        ");
        put(&mut header, 156, 1, b"0");
        put(&mut header, 257, 8, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut header, 148, 8, format!("{sum:06o}\0 ").as_bytes());
        self.output.write_all(&header)?;
        self.output.write_all(content)?;
        let rest = content.len().next_multiple_of(BLOCK_BYTES) - content.len();
        self.output.write_all(&[0; BLOCK_BYTES][..rest])
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> io::Result<File> {
        self.output.write_all(&[0; 2 * BLOCK_BYTES])?;
        self.output.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn put(header: &mut [u8; BLOCK_BYTES], at: usize, length: usize, bytes: &[u8]) {
    assert!(bytes.len() <= length, "names are cut so that they fit: {} bytes", bytes.len());
    header[at..at + bytes.len()].copy_from_slice(bytes);
}
