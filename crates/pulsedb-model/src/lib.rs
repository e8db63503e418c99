//! The bundled text embedder of PulseDB: a static token table, its WordPiece tokenizer and the lookup.
//!
//! Turns a text into a vector of 256 numbers in microseconds, with nothing to download and no
//! session to start. The table was distilled from all-MiniLM-L6-v2 (see `NOTICE`) and has one row
//! for each of 29 523 tokens. A text's vector is the normalised sum of its tokens' rows (the
//! `Model2Vec` recipe, Tulkens and van Dongen 2024).
//!
//! ```
//! use pulsedb_model::Model;
//!
//! let model = Model::bundled();
//! let cosine = |a: &str, b: &str| -> f32 {
//!     model.embed(a).iter().zip(model.embed(b)).map(|(a, b)| a * b).sum()
//! };
//! let close = cosine("the cat sleeps on the sofa", "a kitten naps on a couch");
//! let far = cosine("the cat sleeps on the sofa", "quarterly tax return deadline");
//! assert!(close > far);
//! ```
//!
//! # Cost
//! The table is part of the program and is used in place: opening costs nothing, no heap is held,
//! and pages of rows that are never used are never read. The word index is built at compile time. A
//! call allocates only its result; its time is linear in the length of the text, whatever the text.
//!
//! # The same bits everywhere
//! [`Model::embed`] is specified to the last bit, so that vectors from different machines can be
//! compared:
//! 1. `sum[j] = 0.0` for each dimension `j`, in f32.
//! 2. For each token in the order of the text: `sum[j] = sum[j] + scale * q[j]` in f32, where `scale` is the row's
//!    f16 widened and `q[j]` its i8. The product is exact (11 and 7 bits of significand), so only the addition
//!    rounds, fused or not.
//! 3. `lane[l]`, for `l` in `0..8`, is the sum of `sum[j] * sum[j]` over `j = l, l + 8, l + 16, ..` in this order, in
//!    f64 (the squares are exact).
//! 4. `square = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]))`.
//! 5. `embedding[j]` is `sum[j] * (1.0 / sqrt(square))` in f64, rounded to f32 once.
//!
//! Nothing else matters: there is no library function that may differ (IEEE 754 rounds `sqrt`
//! correctly), no order that depends on register width, and no Unicode data except the crate's own.

#![warn(clippy::missing_errors_doc)]

mod characters;
mod embedding;
mod hash;
mod table;
mod vocabulary;
mod wordpiece;
mod words;

/// The bundled model: a zero-sized handle to data that is part of the program.
///
/// ```
/// use pulsedb_model::Model;
///
/// let model = Model::bundled();
/// assert_eq!(model.dimension(), 256);
/// assert_eq!(model.embed("Hello, world!").len(), 256);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Model(());

impl Model {
    /// The crate's model. There is nothing to load, so this does nothing.
    ///
    /// ```
    /// let model = pulsedb_model::Model::bundled();
    /// let copy = model;
    /// assert_eq!(model.embed("same"), copy.embed("same"));
    /// ```
    pub const fn bundled() -> Model {
        Model(())
    }

    /// The number of components of every embedding that is not empty: 256.
    ///
    /// ```
    /// assert_eq!(pulsedb_model::Model::bundled().dimension(), 256);
    /// ```
    pub const fn dimension(&self) -> usize {
        table::DIMENSION
    }

    /// Identifies the content of the table: its XXH3 128-bit digest in hexadecimal.
    ///
    /// It is a constant that the tests compare with the bytes; two tables with the same digest are
    /// the same table. It is meant to tell tables apart, not to resist forgery.
    ///
    /// ```
    /// assert_eq!(pulsedb_model::Model::bundled().digest().len(), 32);
    /// ```
    pub const fn digest(&self) -> &'static str {
        table::DIGEST
    }

    /// The tokens of a text, as rows of the table, in the order of the text.
    ///
    /// BERT's uncased WordPiece (Devlin et al. 2019; Wu et al. 2016): control characters are
    /// dropped, letters are lower-cased and stripped of accents, words are split at white space,
    /// punctuation and CJK ideographs, and each word is split greedily into the longest pieces in
    /// the vocabulary. A word that cannot be split this way, or has more than 100 characters after
    /// normalisation, is skipped: where the reference has `[UNK]`, this has nothing. There are no
    /// special tokens and no truncation. The rows are not the ids of the full model, since special
    /// tokens have no row.
    ///
    /// ```
    /// let model = pulsedb_model::Model::bundled();
    /// assert_eq!(model.tokenize("Caf\u{e9}!"), model.tokenize(" cafe\u{301} ! "));
    /// assert_eq!(model.tokenize("tokenizer").len(), 2); // token ##izer
    /// assert_eq!(model.tokenize("\u{2c80}"), []); // a Coptic letter: not in the vocabulary
    /// ```
    pub fn tokenize(&self, text: &str) -> Vec<u32> {
        let mut rows = Vec::new();
        wordpiece::for_each_row(text, |row| rows.push(u32::from(row)));
        rows
    }

    /// The components of a row, each a signed byte: the direction of a token. `None` past the end of the table.
    ///
    /// The scale of the row is left out, since it changes no direction: the cosine of two tokens is that of their
    /// components, whose products are exact in whole numbers.
    ///
    /// ```
    /// let model = pulsedb_model::Model::bundled();
    /// let of = |word: &str| model.row(model.tokenize(word)[0]).expect("a row of the table");
    /// let dot = |a: &[u8], b: &[u8]| -> i32 {
    ///     a.iter().zip(b).map(|(a, b)| i32::from(*a as i8) * i32::from(*b as i8)).sum()
    /// };
    /// assert!(dot(of("cat"), of("kitten")) > dot(of("cat"), of("tax")));
    /// assert!(model.row(u32::MAX).is_none());
    /// ```
    pub fn row(&self, row: u32) -> Option<&'static [u8]> {
        Some(table::row(u16::try_from(row).ok()?)?.components)
    }

    /// The embedding of a text: [`dimension`](Self::dimension) components of Euclidean norm 1, or none at all.
    ///
    /// Empty if the table knows none of the text's tokens (or if their rows cancel out, which no
    /// text is known to do). Never NaN or infinite, for any text of any length. The bits are
    /// specified in the [crate's documentation](crate#the-same-bits-everywhere).
    ///
    /// ```
    /// let model = pulsedb_model::Model::bundled();
    /// let embedding = model.embed("the same text");
    /// let norm: f32 = embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
    /// assert!((norm - 1.0).abs() < 1e-6);
    /// assert!(model.embed(" \u{200b} ").is_empty());
    /// ```
    pub fn embed(&self, text: &str) -> Vec<f32> {
        embedding::embed(text)
    }
}

/// Compiles and runs the examples in the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
