//! Every reader of a snapshot's files in one place, for the fuzz target and for the test below.
//!
//! The readers are private. This module exists only under `cfg(fuzzing)`, which cargo-fuzz sets, and in tests.

use embeddenator_io::Cursor;
use pulsedb::{CollectiveId, Experience, ExperienceType};

use crate::form::{collective, experience, insight, relation};
use crate::vectors::{BlockWriter, read_block};

/// Reads bytes as each file of a snapshot.
///
/// # Panics
/// If a reader panics, or if what it has read is another thing after it was written and read again.
pub fn read(bytes: &[u8]) {
    let id = CollectiveId::nil();
    if let Ok(one) = experience::read(bytes, id)
        && has_numbers(&one)
    {
        assert_eq!(experience::read(experience::write(&one).as_bytes(), id), Ok(one));
    }
    if let Ok(one) = relation::read(bytes)
        && one.strength.is_finite()
    {
        assert_eq!(relation::read(relation::write(&one).as_bytes()), Ok(one));
    }
    if let Ok(one) = insight::read(bytes, id)
        && one.confidence.is_finite()
    {
        assert_eq!(insight::read(insight::write(&one).as_bytes(), id), Ok(one));
    }
    if let Ok(one) = collective::read_collective(bytes, 1) {
        assert_eq!(collective::read_collective(collective::write_collective(&one).as_bytes(), 1), Ok(one));
    }
    if let Ok(one) = collective::read_database(bytes) {
        assert_eq!(collective::read_database(collective::write_database(&one).as_bytes()), Ok(one));
    }
    read_vectors(bytes);
}

/// JSON has no infinity, so such a number cannot be written; the database refuses it.
fn has_numbers(one: &Experience) -> bool {
    let of_type = match one.experience_type {
        ExperienceType::SuccessPattern { quality, .. } => quality,
        ExperienceType::UserPreference { strength, .. } => strength,
        _ => 0.0,
    };
    [one.importance, one.confidence, of_type].iter().all(|it| it.is_finite())
}

fn read_vectors(bytes: &[u8]) {
    const WHAT: &str = "fuzzed";
    let mut cursor = Cursor::new(bytes);
    // Behind the mark it says how many dimensions its vectors have.
    let (Ok(_mark), Ok(stated)) = (cursor.array::<8>(WHAT), cursor.u32(WHAT)) else { return };
    let Ok(rows) = read_block(bytes, stated as usize) else { return };
    let bits = |vector: &[f32]| -> Vec<u32> { vector.iter().map(|it| it.to_bits()).collect() };
    // A writer cuts blocks at its own places.
    let mut writer = BlockWriter::new(stated as usize);
    let mut blocks: Vec<_> = rows.iter().filter_map(|(id, vector)| writer.push(*id, vector)).collect();
    blocks.extend(writer.finish());
    let again =
        blocks.iter().flat_map(|it| read_block(&it.bytes, stated as usize).expect("it was just written"));
    let again: Vec<_> = again.map(|(id, vector)| (id, bits(&vector))).collect();
    assert!(again == rows.iter().map(|(id, vector)| (*id, bits(vector))).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    const SEEDS: [&[u8]; 6] = [
        b"---\nid: \"01a220f2-88cf-7323-9779-a008373aebbb\"\ntype: {\"kind\":\"user_preference\",\"category\":\"a\",\
          \"preference\":\"b\",\"strength\":0.5}\nagent: \"ada\"\ntask: \"t\"\nkey: \"k\"\ndomain: [\"d\"]\n\
          tags: {\"x\":\"y\"}\nfiles: [\"f\"]\nimportance: 0.25\nconfidence: 1.0\napplications: 3\n\
          timestamp: \"2023-11-14T22:13:20.123Z\"\nupdated_at: -62135596800001\n\
          last_reinforced: \"2023-11-14T22:13:20Z\"\nexpires_at: 9\narchived: true\nsuperseded: true\n---\ntext\n---\n\n",
        b"---\nid: \"01a220f2-88cf-7323-9779-a008373aebbb\"\nsource: \"01a220f2-88cf-7323-9779-a008373aebbc\"\n\
          relation: \"supports\"\ntarget: \"01a220f2-88cf-7323-9779-a008373aebbd\"\nstrength: 0.7\n\
          metadata: \"{}\"\ncreated_at: \"2023-11-14T22:13:20.123Z\"\n---\n\n",
        b"---\nid: \"01a220f2-88cf-7323-9779-a008373aebbb\"\ninsight: \"pattern\"\n\
          sources: [\"01a220f2-88cf-7323-9779-a008373aebbc\"]\nconfidence: 0.9\ndomain: [\"d\"]\n\
          created_at: \"2023-11-14T22:13:20.123Z\"\n---\ntext\n",
        b"{\"id\":\"01a220f2-88cf-7323-9779-a008373aebbb\",\"name\":\"n\",\"owner\":null,\"created_at\":1,\
          \"updated_at\":\"2023-11-14T22:13:20.123Z\"}",
        b"{\"format\":\"pulsedb-snapshot\",\"version\":1,\"provider\":\"p\",\"model\":\"m\",\"dimension\":2}",
        b"PDBVEC01\x01\0\0\0\x02\0\0\0aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb\0\0\0\x3f\0\0\xc0\x7f",
    ];

    #[test]
    fn seeds_are_files_of_a_snapshot() {
        let [one, joins, learned, of, by, vectors] = SEEDS;
        assert!(experience::read(one, CollectiveId::nil()).is_ok_and(|it| it.archived && it.superseded));
        assert!(relation::read(joins).is_ok() && insight::read(learned, CollectiveId::nil()).is_ok());
        assert!(collective::read_collective(of, 2).is_ok() && collective::read_database(by).is_ok());
        assert_eq!(read_block(vectors, 1).map(|rows| rows.len()), Ok(2));
    }

    #[test]
    fn readers_take_whatever_was_changed_in_a_file() {
        const PIECES: [&[u8]; 12] = [
            b"---\n",
            b"\n",
            b": ",
            b"\"",
            b"\\u0000",
            b"\xff",
            b"[[[[[[[[",
            b"{}",
            b"null",
            b"1e39",
            b"-1",
            b"\0\0\0\xff",
        ];
        let mut state = 7_u64;
        let mut below = |bound: usize| {
            state = xxh3_64(&state.to_le_bytes());
            (state % bound as u64) as usize
        };
        for seed in SEEDS {
            read(seed);
            (0..seed.len()).for_each(|length| read(&seed[..length]));
            for _ in 0..20_000 {
                let mut file = seed.to_vec();
                for _ in 0..=below(3) {
                    let at = below(file.len() + 1);
                    match below(3) {
                        0 if at < file.len() => file[at] = below(256) as u8,
                        1 => drop(file.drain(at..(at + below(8)).min(file.len()))),
                        _ => drop(file.splice(at..at, PIECES[below(PIECES.len())].iter().copied())),
                    }
                }
                read(&file);
            }
        }
    }
}
