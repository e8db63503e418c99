//! Which characters belong to scripts that are written without spaces between words.

/// First and last characters of the blocks, in rising order. Korean has spaces, but they part phrases of a word and
/// its particles: as pairs of syllables the word is found with any particle.
const UNSPACED: &[(u32, u32)] = &[
    (0x0e00, 0x0eff),   // Thai, Lao
    (0x1000, 0x109f),   // Burmese
    (0x1100, 0x11ff),   // Hangul letters
    (0x1780, 0x17ff),   // Khmer
    (0x1950, 0x19df),   // Tai Le, New Tai Lue
    (0x1a20, 0x1aaf),   // Tai Tham
    (0x2e80, 0x2fdf),   // radicals
    (0x3005, 0x3007),   // marks that stand for Han characters
    (0x3021, 0x3029),   // Hangzhou numerals
    (0x3031, 0x3035),   // kana repeat marks
    (0x3038, 0x303c),   // Hangzhou numerals, and a mark
    (0x3040, 0x30ff),   // Hiragana, Katakana
    (0x3100, 0x318f),   // Bopomofo, Hangul letters for use by themselves
    (0x31a0, 0x31bf),   // Bopomofo, extended
    (0x31f0, 0x31ff),   // Katakana, extended
    (0x3400, 0x4dbf),   // Han, extension A
    (0x4e00, 0x9fff),   // Han
    (0xa960, 0xa97f),   // Hangul letters, extended
    (0xa9e0, 0xa9ff),   // Burmese, extended
    (0xaa60, 0xaadf),   // Burmese, extended; Tai Viet
    (0xac00, 0xd7ff),   // Hangul syllables and letters
    (0xf900, 0xfaff),   // Han, compatibility
    (0xff66, 0xffdc),   // halfwidth kana and Hangul
    (0x11700, 0x1174f), // Ahom
    (0x1aff0, 0x1b16f), // kana, supplements
    (0x20000, 0x3ffff), // Han, extensions B and later
];

/// Whether words of this character's script run together.
pub(super) fn is_unspaced(character: char) -> bool {
    let code = u32::from(character);
    let at = UNSPACED.partition_point(|&(_, last)| last < code);
    UNSPACED.get(at).is_some_and(|&(first, _)| first <= code)
}

/// Whether this character belongs to whatever stands before it: marks and characters without a shape.
pub(super) fn continues(character: char) -> bool {
    is_ignorable(character) || matches!(u32::from(character), 0x0300..=0x036f)
}

/// Whether this character only says how its neighbours are drawn; a term does not contain it.
pub(super) fn is_ignorable(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfe00..=0xfe0f | 0xfeff | 0xe0100..=0xe01ef
    )
}

#[cfg(test)]
mod tests {
    use super::{UNSPACED, is_unspaced};

    #[test]
    fn blocks_rise_and_do_not_overlap() {
        assert!(UNSPACED.iter().all(|(first, last)| first <= last));
        assert!(UNSPACED.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn scripts_without_spaces_are_told_from_others() {
        for unspaced in
            ['\u{732b}', '\u{3042}', '\u{30ab}', '\u{ace0}', '\u{0e01}', '\u{0e81}', '\u{1780}', '\u{1000}']
        {
            assert!(is_unspaced(unspaced), "{unspaced}");
        }
        for spaced in ['a', '\u{e9}', '\u{416}', '\u{5d0}', '\u{627}', '\u{905}', '\u{0f40}', '7', '\u{3002}']
        {
            assert!(!is_unspaced(spaced), "{spaced}");
        }
    }
}
