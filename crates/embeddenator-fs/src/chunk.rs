//! Cutting data into chunks whose ends depend on the bytes around them alone.
//!
//! `FastCDC` of 2020 (Xia et al., "The design of fast content-defined chunking for data deduplication based storage
//! systems", IEEE TPDS 2020), so an inserted byte changes the chunk that it is in and rarely one more.

use std::io;

use fastcdc::v2020::FastCDC;

use crate::limits::{CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, READ_BYTES};

/// Hands all chunks of a region to `take`, with the offset of each; `read` reads once at an offset.
///
/// Returns how many bytes there were, which are fewer than `length` if the file was cut meanwhile.
pub(crate) fn cut_region(
    buffer: &mut Vec<u8>,
    (start, length): (u64, u64),
    read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
    mut take: impl FnMut(u64, &[u8]),
) -> io::Result<u64> {
    buffer.resize(READ_BYTES, 0);
    // What is in the buffer, and how much of the region was read.
    let (mut held, mut done) = (0..0, 0_u64);
    loop {
        let wanted = (length - done).min((READ_BYTES - held.len()) as u64) as usize;
        if held.len() < CHUNK_BYTES_MAX && wanted > 0 {
            buffer.copy_within(held.clone(), 0);
            held = 0..held.len();
            let count = read(&mut buffer[held.end..held.end + wanted], start + done)?;
            held.end += count;
            done += count as u64;
            if count > 0 {
                continue;
            }
            // The file ends here now.
            return Ok(take_all(&buffer[held.clone()], start + done, &mut take, done));
        }
        if held.is_empty() {
            return Ok(done);
        }
        let end = held.start + first_cut(&buffer[held.clone()]);
        take(start + done - held.len() as u64, &buffer[held.start..end]);
        held.start = end;
    }
}

fn take_all(mut bytes: &[u8], end: u64, take: &mut impl FnMut(u64, &[u8]), done: u64) -> u64 {
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at(first_cut(bytes));
        take(end - bytes.len() as u64, chunk);
        bytes = rest;
    }
    done
}

/// The length of the first chunk of bytes that are all that is left, or more than a chunk can have.
fn first_cut(bytes: &[u8]) -> usize {
    let cutter = FastCDC::new(bytes, CHUNK_BYTES_MIN, CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX);
    let (_, end) = cutter.cut(0, bytes.len());
    assert!(end > 0 && end <= bytes.len().min(CHUNK_BYTES_MAX), "a chunk has bytes, and not too many");
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use embeddenator_vsa::Random;

    fn chunks(bytes: &[u8], part: usize) -> Vec<Vec<u8>> {
        let read = |buffer: &mut [u8], at: u64| {
            let rest = &bytes[at as usize..];
            let count = rest.len().min(buffer.len()).min(part);
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        let mut chunks: Vec<Vec<u8>> = Vec::new();
        let mut next = 0;
        let take = |at: u64, chunk: &[u8]| {
            assert_eq!(at, next);
            next += chunk.len() as u64;
            chunks.push(chunk.to_vec());
        };
        let done = cut_region(&mut Vec::new(), (0, bytes.len() as u64), read, take).expect("reads");
        assert_eq!(done, bytes.len() as u64);
        chunks
    }

    fn random(count: usize) -> Vec<u8> {
        let mut random = Random::new(5);
        (0..count).map(|_| random.below(256) as u8).collect()
    }

    #[test]
    fn chunks_are_those_of_the_whole_however_it_is_read() {
        let bytes = random(3_000_000);
        let cutter = FastCDC::new(&bytes, CHUNK_BYTES_MIN, CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX);
        let whole: Vec<usize> = cutter.map(|chunk| chunk.length).collect();
        assert!(whole.len() > 20);
        for part in [usize::MAX, 300_000, 4093] {
            let chunks = chunks(&bytes, part);
            assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), whole);
            assert_eq!(chunks.concat(), bytes);
        }
    }

    #[test]
    fn inserted_byte_changes_few_chunks() {
        let bytes = random(3_000_000);
        let mut edited = bytes.clone();
        edited.insert(1_000_000, 7);
        let before = chunks(&bytes, usize::MAX);
        let changed = chunks(&edited, usize::MAX).iter().filter(|chunk| !before.contains(chunk)).count();
        assert!(changed <= 2, "{changed} chunks changed");
    }

    #[test]
    fn cut_file_gives_what_is_there() {
        let bytes = random(100_000);
        let read = |buffer: &mut [u8], at: u64| {
            let rest = &bytes[at as usize..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        let mut sum = 0;
        let done = cut_region(&mut Vec::new(), (0, 1 << 40), read, |_, chunk| sum += chunk.len());
        assert_eq!((done.expect("reads"), sum), (100_000, 100_000));
    }
}
