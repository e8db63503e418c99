//! Postings and lengths as bytes: what was written is read, and foreign bytes are refused.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::{Values, append};
use crate::lexical::hash::term_hash;
use crate::lexical::pattern::{Pattern, Prefix, Term};
use crate::lexical::postings::{Posting, Value, Writer};
use crate::lexical::{
    Accumulator, Analyser, Bits, Bm25, Lengths, Malformed, Matches, MergeInput, PostingValues as _, RowMap,
    Scorer, TailRow, Totals, encode_tail_row, merge_lengths, merge_step, seal,
};
use crate::limits::BLOCK_ROWS_MAX;

type Terms = BTreeMap<Vec<u8>, Vec<Posting>>;

fn write(terms: &Terms) -> Values {
    let mut writer = Writer::default();
    for (term, postings) in terms {
        writer.push(term, postings);
    }
    let mut values = Values::new();
    append(&mut values, writer.finish());
    values
}

fn find(values: &Values, pattern: &Pattern, rows: u32) -> Result<Vec<Posting>, Malformed> {
    let mut found = Vec::new();
    Matches::find(pattern, &values)?.each_chunk(rows, |rows, counts| {
        found.extend(rows.iter().zip(counts).map(|(&row, &count)| Posting { row, count: count as u16 }));
    })?;
    Ok(found)
}

fn term(term: &[u8]) -> Pattern {
    Pattern::Term(Term::new(std::str::from_utf8(term).unwrap()))
}

/// Postings with gaps of one size on the average, and few large counts.
fn postings(rows: u32, gap: u32, salt: u32) -> Vec<Posting> {
    let mut state = salt.wrapping_mul(2_654_435_761) | 1;
    let mut row = 0;
    let mut postings = Vec::new();
    loop {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        row += (state >> 8) % (2 * gap);
        if row >= rows {
            return postings;
        }
        let count = if salt.is_multiple_of(3) { 1 + (state >> 24) as u16 % 5 } else { 1 };
        postings.push(Posting { row, count });
        row += 1;
    }
}

/// A block in which some terms take many values, some share one, and some begin alike.
fn block(rows: u32) -> Terms {
    let mut terms = Terms::new();
    for salt in 0..400 {
        let term = format!("{}{salt:03}", ["a", "an", "and", "b"][salt as usize % 4]);
        let found = postings(rows, [1, 3, 40, 1000, 100_000][salt as usize % 5], salt);
        if !found.is_empty() {
            terms.insert(term.into_bytes(), found);
        }
    }
    terms.insert(b"and".to_vec(), vec![Posting { row: rows - 1, count: u16::MAX }]);
    terms
}

#[test]
fn each_term_is_found_with_its_postings_and_no_other() {
    for rows in [1, 2, 256, 2048, 20_000] {
        let terms = block(rows);
        let values = write(&terms);
        for (text, postings) in &terms {
            assert_eq!(
                find(&values, &term(text), rows).unwrap(),
                *postings,
                "{}",
                String::from_utf8_lossy(text)
            );
        }
        for text in ["", "a", "an", "and0", "anz", "zz", "0", "a9999"] {
            assert_eq!(find(&values, &term(text.as_bytes()), rows).unwrap(), [], "{text}");
        }
        for start in ["a", "an", "and", "and1", "b39", "", "c"] {
            let expected: u32 = terms
                .iter()
                .filter(|(term, _)| term.starts_with(start.as_bytes()))
                .map(|(_, postings)| postings.iter().map(|posting| u32::from(posting.count)).sum::<u32>())
                .sum();
            let found = find(&values, &Pattern::Prefix(Prefix::of_terms(start)), rows).unwrap();
            assert_eq!(
                found.iter().map(|posting| u32::from(posting.count)).sum::<u32>(),
                expected,
                "{start}"
            );
        }
    }
}

#[test]
fn live_rows_are_counted_with_and_without_dead_ones() {
    let rows = 5000;
    let terms = block(rows);
    let values = write(&terms);
    let dead: Vec<u8> = (0..rows.div_ceil(8)).map(|byte| (byte * 37) as u8).collect();
    for (text, postings) in &terms {
        let matches = Matches::find(&term(text), &&values).unwrap();
        assert_eq!(matches.live_rows(rows, Bits::default()).unwrap(), postings.len() as u64);
        let live = postings.iter().filter(|posting| !Bits::new(&dead).has(posting.row)).count() as u64;
        assert_eq!(matches.live_rows(rows, Bits::new(&dead)).unwrap(), live);
    }
    let prefix = Matches::find(&Pattern::Prefix(Prefix::of_terms("and")), &&values).unwrap();
    let mut held: Vec<u32> = terms
        .iter()
        .filter(|(term, _)| term.starts_with(b"and"))
        .flat_map(|(_, postings)| postings.iter().map(|posting| posting.row))
        .filter(|row| !Bits::new(&dead).has(*row))
        .collect();
    held.sort_unstable();
    held.dedup();
    assert_eq!(prefix.live_rows(rows, Bits::new(&dead)).unwrap(), held.len() as u64);
}

#[test]
fn merging_in_any_steps_gives_the_block_of_all_live_rows() {
    let sizes = [700, 1, 2048, 300];
    let blocks: Vec<Terms> = sizes.iter().map(|&rows| block(rows)).collect();
    let values: Vec<Values> = blocks.iter().map(write).collect();
    let dead: Vec<u8> = (0..=255).map(|byte| if byte % 3 == 0 { 0b0100_1001 } else { 0 }).collect();
    let mut first = 0;
    let maps: Vec<RowMap> = sizes
        .iter()
        .map(|&rows| {
            let map = RowMap::new(rows, Bits::new(&dead), first);
            first += map.live();
            map
        })
        .collect();
    let mut expected = Terms::new();
    for (terms, map) in blocks.iter().zip(&maps) {
        for (term, postings) in terms {
            let live = postings
                .iter()
                .filter_map(|posting| Some(Posting { row: map.row(posting.row)?, ..*posting }));
            let live: Vec<Posting> = live.collect();
            if !live.is_empty() {
                expected.entry(term.clone()).or_default().extend(live);
            }
        }
    }
    for budget in [0, 100, 5000, usize::MAX] {
        let inputs: Vec<_> =
            values.iter().zip(&maps).map(|(values, rows)| MergeInput { values, rows }).collect();
        let (mut merged, mut next, mut steps) = (Values::new(), Some(Vec::new()), 0);
        while let Some(from) = next {
            let step = merge_step(&inputs, &from, budget).unwrap();
            append(&mut merged, step.postings);
            next = step.next;
            steps += 1;
            assert!(steps <= expected.len() + 400, "every step takes a term");
        }
        assert_eq!(steps > 1, budget != usize::MAX);
        for (text, postings) in &expected {
            assert_eq!(find(&merged, &term(text), first).unwrap(), *postings);
        }
        let mut all = 0;
        for value in (&&merged).values_from(b"") {
            let mut entries = Value::read(value.unwrap()).unwrap().entries();
            while let Some((_, part)) = entries.next_entry().unwrap() {
                all += part.len() as usize;
            }
        }
        assert_eq!(all, expected.values().map(Vec::len).sum::<usize>());
    }
}

#[test]
fn lengths_are_as_wide_as_the_longest() {
    let dead = [0b10];
    for (lengths, bytes) in [
        (vec![0, 3, 255], vec![1, 0, 3, 255]),
        (vec![256, 1], vec![2, 0, 1, 1, 0]),
        (vec![65_536], vec![4, 0, 0, 1, 0]),
        (vec![], vec![1]),
    ] {
        let rows = lengths.len() as u32;
        let map = RowMap::new(rows, Bits::default(), 0);
        assert_eq!(crate::lexical::lengths::encode_lengths(&lengths), bytes);
        let read = Lengths::read(&bytes, rows).unwrap();
        assert!(lengths.iter().zip(0..).all(|(&length, row)| read.of(row) == length));
        let words = lengths.iter().map(|&length| u64::from(length)).sum();
        assert_eq!(merge_lengths(&[(read, &map)]), (bytes.clone(), words));
        assert_eq!(read.words(Bits::new(&dead)), words - u64::from(lengths.get(1).copied().unwrap_or(0)));
        assert!(Lengths::read(&bytes, rows + 1).is_err());
        assert!(Lengths::read(&bytes[..bytes.len() - 1], rows).is_err());
    }
    assert!(Lengths::read(&[3, 0, 0, 0], 1).is_err());
}

/// Does with foreign values what a search and a merge do with their own.
fn use_everywhere(values: &Values, rows: u32) -> bool {
    let map = RowMap::new(rows, Bits::default(), 0);
    let zeros = vec![0; rows as usize];
    let bytes = crate::lexical::lengths::encode_lengths(&zeros);
    let lengths = Lengths::read(&bytes, rows).unwrap();
    let scorer = Scorer::new([(1, 1)], Totals { rows: 1, words: 1 }, Bm25::default());
    let mut accumulator = Accumulator::default();
    let mut sound = true;
    for pattern in [term(b"and"), term(b"a000"), term(b"zz"), Pattern::Prefix(Prefix::of_terms("an"))] {
        let Ok(matches) = Matches::find(&pattern, &values) else {
            sound = false;
            continue;
        };
        sound &= matches.live_rows(rows, Bits::new(&[1])).is_ok();
        sound &= accumulator.score(&scorer, &[matches], lengths).is_ok();
        accumulator.drain(None, Bits::default(), 0.0, |_, _| 0.0);
    }
    sound & merge_step(&[MergeInput { values, rows: &map }], b"", usize::MAX).is_ok()
}

#[test]
fn truncated_values_and_flipped_bits_are_errors_or_postings_and_never_a_panic() {
    let rows = 64;
    let values = write(&block(rows));
    let (key, bytes) = values.first_key_value().unwrap();
    let with = |bytes: &[u8]| {
        let mut damaged = values.clone();
        damaged.insert(key.clone(), bytes.to_vec());
        use_everywhere(&damaged, rows)
    };
    assert!(with(bytes));
    for end in 0..bytes.len() {
        assert!(!with(&bytes[..end]), "cut at {end}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        with(&damaged);
    }
    assert!(!use_everywhere(&values, rows - 1), "a row of another block is refused");
}

#[test]
fn missing_value_of_a_split_term_is_an_error() {
    let rows = 20_000;
    let values = write(&block(rows));
    let goes_on: Vec<&Vec<u8>> = values.keys().filter(|key| key.contains(&0)).collect();
    assert!(goes_on.len() > 3, "common terms take several values");
    for missing in goes_on {
        let mut damaged = values.clone();
        damaged.remove(missing);
        let text = &missing[..missing.iter().position(|&byte| byte == 0).unwrap()];
        assert!(find(&damaged, &term(text), rows).is_err());
        let map = RowMap::new(rows, Bits::default(), 0);
        assert!(merge_step(&[MergeInput { values: &damaged, rows: &map }], b"", usize::MAX).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        values in prop::collection::btree_map(prop::collection::vec(any::<u8>(), 0..4),
            prop::collection::vec(any::<u8>(), 0..80), 0..4),
        rows in 1_u32..300,
    ) {
        use_everywhere(&values, rows);
        for bytes in values.values() {
            if let Ok(row) = TailRow::read(bytes) {
                row.count(0, b"a");
                let _ = seal(&[row]);
            }
            let _ = Lengths::read(bytes, rows);
        }
    }

    #[test]
    fn postings_come_back(rows in prop::collection::btree_map(0..BLOCK_ROWS_MAX, 1..=u16::MAX, 1..700)) {
        let postings: Vec<Posting> = rows.into_iter().map(|(row, count)| Posting { row, count }).collect();
        let values = write(&Terms::from([(b"t".to_vec(), postings.clone())]));
        prop_assert_eq!(find(&values, &term(b"t"), BLOCK_ROWS_MAX).unwrap(), postings);
    }
}

#[test]
fn terms_of_one_hash_are_told_apart_in_the_tail_and_in_blocks() {
    let mut known = std::collections::HashMap::new();
    let words = (0..1_000_000).map(|n| format!("w{n}x"));
    let pair = words.into_iter().find_map(|word| {
        let hash = term_hash(word.as_bytes());
        known.insert(hash, word.clone()).map(|other| [other, word])
    });
    let [one, other] = pair.expect("of a million words some share one of four billion hashes");
    let mut analyser = Analyser::new();
    let texts = [one.clone(), other.clone(), format!("{other} {one} {other}"), "neither".to_owned()];
    let rows = texts.map(|text| encode_tail_row(&analyser.count(&text)));
    let rows = rows.each_ref().map(|row| TailRow::read(row).unwrap());
    let mut values = Values::new();
    append(&mut values, seal(&rows).unwrap().postings);
    for (word, counts) in [(one, [1, 0, 1, 0]), (other, [0, 1, 2, 0])] {
        let pattern = term(word.as_bytes());
        assert_eq!(rows.map(|row| pattern.count(&row)), counts);
        let held = counts.iter().zip(0..).filter(|(count, _)| **count > 0);
        let expected: Vec<Posting> = held.map(|(&count, row)| Posting { row, count: count as u16 }).collect();
        assert_eq!(find(&values, &pattern, 4).unwrap(), expected);
    }
}
