//! The class of each character in the text encoder; the table is our own, so that no Unicode update can change codes.

/// The class of a character in the text encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word.
    Word,
    /// A pictograph, or a character of a script without spaces between words: taken in pairs.
    Unspaced,
    /// A separator between words.
    Separator,
    /// Skipped as if it were not there: joiners, direction marks, variation selectors, soft
    /// hyphens.
    Ignored,
}

use Class::{Ignored, Separator, Unspaced};

/// The class of a character.
#[inline]
pub(super) fn class(character: char) -> Class {
    if character.is_ascii() {
        return if character.is_ascii_alphanumeric() { Class::Word } else { Separator };
    }
    let code = character as u32;
    let after = RANGES.partition_point(|range| range.0 <= code);
    match after.checked_sub(1).and_then(|index| RANGES.get(index)) {
        Some((_, last, class)) if code <= *last => *class,
        _ => Class::Word,
    }
}

/// Ranges of non-ASCII characters, inclusive and ascending; a character in none of them is part of
/// a word.
const RANGES: &[(u32, u32, Class)] = &[
    (0x0080, 0x00a9, Separator),
    (0x00ab, 0x00ac, Separator),
    (0x00ad, 0x00ad, Ignored), // Soft hyphen.
    (0x00ae, 0x00b1, Separator),
    (0x00b4, 0x00b4, Separator),
    (0x00b6, 0x00b8, Separator),
    (0x00bb, 0x00bb, Separator),
    (0x00bf, 0x00bf, Separator),
    (0x00d7, 0x00d7, Separator),
    (0x00f7, 0x00f7, Separator),
    (0x034f, 0x034f, Ignored), // Grapheme joiner.
    (0x037e, 0x037e, Separator),
    (0x0387, 0x0387, Separator),
    (0x055a, 0x055f, Separator),
    (0x0589, 0x058a, Separator),
    (0x05be, 0x05be, Separator),
    (0x05c0, 0x05c0, Separator),
    (0x05c3, 0x05c3, Separator),
    (0x05f3, 0x05f4, Separator),
    (0x060c, 0x060d, Separator),
    (0x061b, 0x061b, Separator),
    (0x061c, 0x061c, Ignored), // Arabic letter mark.
    (0x061d, 0x061f, Separator),
    (0x0640, 0x0640, Ignored), // Tatweel, which only lengthens a line.
    (0x066a, 0x066d, Separator),
    (0x06d4, 0x06d4, Separator),
    (0x0700, 0x070d, Separator),
    (0x0964, 0x0965, Separator),
    (0x0df4, 0x0df4, Separator),
    (0x0e01, 0x0e3a, Unspaced), // Thai.
    (0x0e3f, 0x0e3f, Separator),
    (0x0e40, 0x0e4e, Unspaced),
    (0x0e4f, 0x0e4f, Separator),
    (0x0e5a, 0x0e5b, Separator),
    (0x0e80, 0x0ecf, Unspaced), // Lao.
    (0x0f00, 0x0f00, Unspaced), // Tibetan.
    (0x0f01, 0x0f17, Separator),
    (0x0f3a, 0x0f3d, Separator),
    (0x0f40, 0x0fbc, Unspaced),
    (0x0fbe, 0x0fda, Separator),
    (0x1000, 0x103f, Unspaced), // Myanmar.
    (0x104a, 0x104f, Separator),
    (0x1050, 0x108f, Unspaced),
    (0x10fb, 0x10fb, Separator),
    (0x1360, 0x1368, Separator),
    (0x1400, 0x1400, Separator),
    (0x1680, 0x1680, Separator),
    (0x1780, 0x17d3, Unspaced), // Khmer.
    (0x17d4, 0x17db, Separator),
    (0x1800, 0x180a, Separator),
    (0x180b, 0x180f, Ignored), // Mongolian variation selectors.
    (0x2000, 0x200a, Separator),
    (0x200b, 0x200f, Ignored), // Joiners of width zero, direction marks.
    (0x2010, 0x2029, Separator),
    (0x202a, 0x202e, Ignored), // Direction.
    (0x202f, 0x205f, Separator),
    (0x2060, 0x206f, Ignored), // Word joiner, invisible operators, direction.
    (0x207a, 0x207e, Separator),
    (0x208a, 0x208e, Separator),
    (0x20a0, 0x20cf, Separator), // Currencies.
    (0x2190, 0x25ff, Separator), // Arrows, operators, frames.
    (0x2600, 0x27bf, Unspaced),  // Pictographs.
    (0x27c0, 0x2bff, Separator),
    (0x2e00, 0x2e7f, Separator),
    (0x2e80, 0x2fdf, Unspaced), // Radicals of Han characters.
    (0x2ff0, 0x3004, Separator),
    (0x3005, 0x3007, Unspaced),
    (0x3008, 0x3020, Separator),
    (0x3021, 0x3029, Unspaced),
    (0x3030, 0x3030, Separator),
    (0x3031, 0x303c, Unspaced),
    (0x303d, 0x303f, Separator),
    (0x3040, 0x309f, Unspaced), // Hiragana.
    (0x30a0, 0x30a0, Separator),
    (0x30a1, 0x30fa, Unspaced), // Katakana.
    (0x30fb, 0x30fb, Separator),
    (0x30fc, 0x312f, Unspaced), // Katakana, Bopomofo.
    (0x31a0, 0x31bf, Unspaced),
    (0x31c0, 0x31ef, Separator),
    (0x31f0, 0x31ff, Unspaced),
    (0x3200, 0x33ff, Separator),
    (0x3400, 0x4dbf, Unspaced), // Han.
    (0x4dc0, 0x4dff, Separator),
    (0x4e00, 0xa48f, Unspaced), // Han, Yi.
    (0xa490, 0xa4cf, Separator),
    (0xf900, 0xfaff, Unspaced),
    (0xfe00, 0xfe0f, Ignored), // Variation selectors.
    (0xfe10, 0xfe1f, Separator),
    (0xfe30, 0xfe6f, Separator),
    (0xfeff, 0xfeff, Ignored), // Byte order mark.
    (0xff00, 0xff0f, Separator),
    (0xff1a, 0xff20, Separator),
    (0xff3b, 0xff40, Separator),
    (0xff5b, 0xff65, Separator),
    (0xff66, 0xff9f, Unspaced), // Katakana of half width.
    (0xffe0, 0xffff, Separator),
    (0x1_aff0, 0x1_b16f, Unspaced), // Kana.
    (0x1_f000, 0x1_faff, Unspaced), // Pictographs.
    (0x1_fb00, 0x1_fbef, Separator),
    (0x2_0000, 0x3_ffff, Unspaced), // Han.
    (0xe_0000, 0x10_ffff, Ignored), // Tags, variation selectors, private use.
];

const _: () = {
    let mut index = 0;
    while index < RANGES.len() {
        assert!(RANGES[index].0 <= RANGES[index].1, "a range ends before it begins");
        assert!(index == 0 || RANGES[index - 1].1 < RANGES[index].0, "ranges are not ascending");
        index += 1;
    }
};
