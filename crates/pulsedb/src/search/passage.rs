//! Where in a content a query is answered: the words that it asks for, and the passage nearest to it.
//!
//! ```text
//! units       the lines of the content; a long one is cut at the ends of sentences, or between words
//! a piece of the query weighs more the fewer units hold it
//! a window    neighbouring units of up to 320 bytes: sum over the pieces of the query of weight * the nearest piece in it
//! the first of the best windows, without units at its beginning that say little and add less than a tenth of it
//! ```

use std::ops::Range;

use pulsedb_model::Model;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::index::with_analyser;
use crate::lexical;
use crate::limits;
use crate::model::Query;
use crate::vector::Isa;
use crate::vector::late::LateQuery;

/// Bytes of a passage, if no unit of it is longer.
const PASSAGE_BYTES: usize = 320;
/// What is left of the best window without the units at its beginning that are not needed.
const KEPT_MIN: f32 = 0.9;
/// A unit that has this part of the best window by itself is never left out.
const TELLING_MIN: f32 = 0.3;
/// Bytes of a unit, cut at the end of a sentence or of a word.
const UNIT_BYTES: usize = 240;

/// Where words that a query asks for stand in a text: byte ranges, in order and apart from one another. The forms of a
/// word count as it. A vector asks for no words.
///
/// ```
/// use pulsedb::{Query, matched};
/// let text = "Renewing certificates: run the renewal job.";
/// let words: Vec<&str> = matched(Query::Text("how do I renew the certificate?"), text)
///     .into_iter()
///     .map(|range| &text[range])
///     .collect();
/// assert_eq!(words, ["Renewing", "certificates", "renewal"]);
/// ```
pub fn matched(query: Query<'_>, text: &str) -> Vec<Range<usize>> {
    let Some((query, _)) = parsed(query) else { return Vec::new() };
    with_analyser(|analyser| query.matched(text, analyser))
}

/// The passage of a content that is nearest to a query: some lines or sentences, as a byte range without white space
/// around it. By words and late interaction, so it can be one that has no word of the query. The beginning of the content
/// for a vector, and for a query that says nothing.
///
/// ```
/// use pulsedb::{Query, passage};
/// let content = "# Renewal\n\nEverybody may read it.\n\n".to_owned()
///     + &"Nothing to see here, move along please. ".repeat(20)
///     + "\nThe kettle whistles as soon as the tea water boils.\n";
/// let passage = &content[passage(Query::Text("when does the water boil?"), &content)];
/// assert!(passage.starts_with("The kettle whistles"));
/// ```
pub fn passage(query: Query<'_>, content: &str) -> Range<usize> {
    let units = units(content);
    let found = parsed(query).and_then(|(query, text)| best(&query, text, content, &units));
    let first = found.unwrap_or(0);
    let Some(start) = units.get(first).map(|unit| unit.start) else { return 0..0 };
    let inside = units[first..].iter().take_while(|unit| unit.end - start <= PASSAGE_BYTES);
    let end = inside.last().unwrap_or(&units[first]).end;
    start..end
}

/// The words of a query, and its text.
fn parsed(query: Query<'_>) -> Option<(lexical::Query, &str)> {
    match query {
        Query::Vector(_) => None,
        Query::Lexical(text) => Some((with_analyser(|analyser| lexical::Query::parse(text, analyser)), text)),
        Query::Text(text) | Query::Hybrid { text, .. } => {
            Some((with_analyser(|analyser| lexical::Query::plain(text, analyser)), text))
        }
    }
}

/// The unit with which the best window begins; `None` if no window has anything of the query.
fn best(query: &lexical::Query, text: &str, content: &str, units: &[Range<usize>]) -> Option<usize> {
    let mut held: Vec<Vec<f32>> = vec![Vec::new(); units.len()];
    add_words(query, content, units, &mut held);
    add_pieces(query, text, content, units, &mut held);
    let sum = |window: Range<usize>| -> f32 {
        let width = held.first().map_or(0, Vec::len);
        let most = |at: usize| held[window.clone()].iter().map(|unit| unit[at]).fold(0.0, f32::max);
        (0..width).map(most).sum()
    };
    let mut best: Option<(f32, Range<usize>)> = None;
    for first in 0..units.len() {
        let start = units[first].start;
        let inside = units[first + 1..].iter().take_while(|unit| unit.end - start <= PASSAGE_BYTES).count();
        let window = first..first + 1 + inside;
        let sum = sum(window.clone());
        if sum > best.as_ref().map_or(0.0, |(best, _)| *best) {
            best = Some((sum, window));
        }
    }
    let (most, window) = best?;
    let mut first = window.start;
    while first + 1 < window.end
        && sum(first..first + 1) < TELLING_MIN * most
        && sum(first + 1..window.end) >= KEPT_MIN * most
    {
        first += 1;
    }
    Some(first)
}

/// Appends to each unit, for each term of the query, what holding it weighs.
fn add_words(query: &lexical::Query, content: &str, units: &[Range<usize>], held: &mut [Vec<f32>]) {
    let holding: Vec<Vec<bool>> = units
        .iter()
        .map(|unit| with_analyser(|analyser| query.held(&content[unit.clone()], analyser)))
        .collect();
    for term in 0..query.terms.len() {
        let frequency = holding.iter().filter(|unit| unit[term]).count();
        let weight = weight(units.len(), frequency);
        for (held, holding) in held.iter_mut().zip(&holding) {
            held.push(if holding[term] { weight } else { 0.0 });
        }
    }
}

/// Appends to each unit, for each piece of the query, its similarity with the nearest piece of the unit.
fn add_pieces(
    query: &lexical::Query,
    text: &str,
    content: &str,
    units: &[Range<usize>],
    held: &mut [Vec<f32>],
) {
    let model = Model::bundled();
    let cuts = query.cuts(text).flat_map(|(cut, _)| model.tokenize(cut));
    let mut pieces: Vec<u16> = Vec::new();
    for piece in cuts {
        // The table has fewer rows than 2^16.
        if !pieces.contains(&(piece as u16)) && pieces.len() < limits::LATE_PIECES_MAX {
            pieces.push(piece as u16);
        }
    }
    let rows = |piece| Model::bundled().row(u32::from(piece));
    let late = LateQuery::new(Isa::detect(), rows, pieces.into_iter().map(|piece| (piece, 1.0)));
    let Some(mut late) = late else { return };
    for (unit, held) in units.iter().zip(held) {
        let pieces = model.tokenize(&content[unit.clone()]);
        late.nearest(pieces.into_iter().map(|piece| piece as u16), held);
    }
}

/// How much it says that one unit of `units` holds a term which `frequency` of them hold.
fn weight(units: usize, frequency: usize) -> f32 {
    let (units, frequency) = (units as f32, frequency as f32);
    ((units - frequency + 0.5) / (frequency + 0.5)).ln_1p()
}

/// Lines, and parts of long ones, none of them blank, without white space around them.
fn units(content: &str) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let mut at = 0;
    for line in content.split_inclusive('\n') {
        let mut rest = trimmed(content, at..at + line.len());
        while rest.len() > UNIT_BYTES {
            let end = rest.start + cut(&content[rest.clone()]);
            units.push(trimmed(content, rest.start..end));
            rest = trimmed(content, end..rest.end);
        }
        units.push(rest);
        at += line.len();
    }
    units.retain(|unit| !unit.is_empty());
    units
}

/// Where to cut a long line: behind its last whole sentence of those that fit, else between words, else anywhere.
fn cut(line: &str) -> usize {
    let most = line.floor_char_boundary(UNIT_BYTES);
    let sentences = line.split_sentence_bound_indices().map(|(start, _)| start);
    let sentence = sentences.take_while(|start| *start <= most).last().filter(|start| *start > 0);
    let word = || line[..most].rfind(char::is_whitespace).filter(|start| *start > 0);
    sentence.or_else(word).unwrap_or(most)
}

fn trimmed(content: &str, range: Range<usize>) -> Range<usize> {
    let text = &content[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'t>(query: Query<'_>, content: &'t str) -> &'t str {
        &content[passage(query, content)]
    }

    #[test]
    fn passage_is_where_the_query_is_answered() {
        let filler = "Nothing of interest stands in this line.\n".repeat(30);
        let content = format!("{filler}The cat sleeps on the sofa.\nIt snores.\n{filler}");
        assert!(of(Query::Text("who sleeps on the sofa?"), &content).starts_with("The cat sleeps"));
        assert!(
            of(Query::Text("where do kittens nap?"), &content).starts_with("The cat sleeps"),
            "by meaning"
        );
        assert!(of(Query::Lexical("snor*"), &content).starts_with("It snores"));
        assert!(of(Query::Vector(&[1.0]), &content).starts_with("Nothing of"));
        assert!(of(Query::Text("?!"), &content).starts_with("Nothing of"));
    }

    #[test]
    fn units_cover_every_character_that_is_not_white_space() {
        let long = "Sentence one is here. And two! ".repeat(30);
        let run = "\u{65e5}".repeat(500);
        for content in ["", " \n\t\n ", "one", &long, &run, &format!("  {long}\n\n{run}  x\n")] {
            let units = units(content);
            assert!(units.iter().all(|unit| unit.len() <= UNIT_BYTES && !unit.is_empty()));
            assert!(units.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let inside: String = units.iter().map(|unit| &content[unit.clone()]).collect();
            let without_space = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(without_space(&inside), without_space(content));
            let found = passage(Query::Text("one day"), content);
            assert!(content.get(found.clone()).is_some() && found.len() <= PASSAGE_BYTES);
        }
    }
}
