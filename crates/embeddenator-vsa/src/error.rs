//! Every way a call can fail, sorted by what the caller can do about it.

use crate::Shape;
use crate::kind::Kind;
use crate::limits::{BLOCKS_MAX, DIMENSION_MAX, FACTORS_MAX, POSITIONS_MAX, RESONATOR_STEPS_MAX};

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused. It changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No code can have this shape.
    #[error(
        "a shape cannot have {blocks} blocks of {positions} positions: use 1 to {BLOCKS_MAX} blocks of 1 to {POSITIONS_MAX} \
         positions"
    )]
    Shape {
        /// The blocks asked for.
        blocks: usize,
        /// The positions per block asked for.
        positions: usize,
    },
    /// Two operands have different shapes; use codes of the same shape.
    #[error("the operands have the shapes {left} and {right}: use codes of the same shape")]
    ShapeMismatch {
        /// The shape of the receiver.
        left: Shape,
        /// The shape of the argument.
        right: Shape,
    },
    /// No vector can have this dimension.
    #[error("the dimension is {dimension}: use 1 to {DIMENSION_MAX}")]
    Dimension {
        /// The dimension asked for.
        dimension: usize,
    },
    /// Two operands have different dimensions; use vectors of the same dimension.
    #[error("the operands have {left} and {right} dimensions: use vectors of the same dimension")]
    DimensionMismatch {
        /// The dimension of the receiver.
        left: usize,
        /// The dimension of the argument.
        right: usize,
    },
    /// The number of bytes or counters does not match the shape.
    #[error("found {found} of {expected} elements for this shape: pass exactly {expected}")]
    Length {
        /// The number that the shape takes.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A position is outside its block.
    #[error(
        "block {block} of code {row} has position {position}, but blocks end at {positions}: the bytes are damaged or of another shape"
    )]
    Position {
        /// The code in its table, counted from 0.
        row: usize,
        /// The block, counted from 0.
        block: usize,
        /// The position found.
        position: usize,
        /// The positions that a block has.
        positions: usize,
    },
    /// The bytes between two rows are not zero.
    #[error("the padding of code {row} is not zero: the bytes are damaged or of another shape")]
    Padding {
        /// The code in its table, counted from 0.
        row: usize,
    },
    /// A vector is not a block code: one of its blocks has zero or several non-zero elements.
    #[error(
        "block {block} has {nonzero} non-zero elements instead of one: keep the vector as it is, or read a bundle out with `thin`"
    )]
    NotBlockCode {
        /// The first such block, counted from 0.
        block: usize,
        /// The non-zero elements in it.
        nonzero: usize,
    },
    /// A bundle is not a block code: the only non-zero counter of a block is not 1 or -1.
    #[error("the counter of block {block} is {counter} instead of 1 or -1: read the bundle out with `thin`")]
    NotUnit {
        /// The first such block, counted from 0.
        block: usize,
        /// Its counter.
        counter: i32,
    },
    /// The indexes of a sparse vector are not strictly ascending, not below the dimension, or not
    /// disjoint.
    #[error(
        "index {index} is out of order, a duplicate or not below the dimension {dimension}: sort the indexes and remove duplicates"
    )]
    Index {
        /// The offending index.
        index: u32,
        /// The dimension of the vector.
        dimension: usize,
    },
    /// A counter would overflow; nothing was added.
    #[error("a counter would exceed {limit}: remove items or start another bundle")]
    Full {
        /// The largest absolute value of a counter, or the most items in a bundle.
        limit: i64,
    },
    /// There is nothing to remove.
    #[error("the bundle in slot {slot} is empty: remove only what was added")]
    Empty {
        /// The slot asked for.
        slot: usize,
    },
    /// A slot does not exist.
    #[error("there is no slot {slot} among {slots}, counted from 0: use a lower one")]
    Slot {
        /// The slot asked for.
        slot: usize,
        /// The number of slots.
        slots: usize,
    },
    /// The bytes do not start like a message; they are something else, or damaged at the front.
    #[error("the bytes are not a message of codes: check that this is the right file")]
    NotMessage,
    /// The bytes are more or less than one message.
    #[error(
        "the message should have {expected} bytes, but has {found}: it was truncated, or something was appended"
    )]
    MessageLength {
        /// The length that the message should have, at least that of a header.
        expected: u64,
        /// The length given.
        found: u64,
    },
    /// A newer version of this crate wrote the message.
    #[error(
        "the message has version {found}, but this crate reads {supported}: use a newer version of the crate"
    )]
    MessageVersion {
        /// The version of the message.
        found: u16,
        /// The version that this crate reads.
        supported: u16,
    },
    /// The message holds something other than was asked for.
    #[error("the message holds {found:?}, not {expected:?}: decode it as {found:?}")]
    MessageKind {
        /// What was asked for.
        expected: Kind,
        /// What it holds.
        found: Kind,
    },
    /// The message has changed since it was written; use another copy.
    #[error("the {what} of the message is damaged: use another copy")]
    Damaged {
        /// The damaged part.
        what: &'static str,
    },
    /// Two tables, or a table and its weights, have different numbers of rows.
    #[error("the tables have {left} and {right} rows: use the same number of rows")]
    RowsMismatch {
        /// The rows of the receiver.
        left: usize,
        /// The rows of the argument.
        right: usize,
    },
    /// The table to choose from is empty.
    #[error("the table has no codes to choose from: add some")]
    NoCodes,
    /// A sequence or an n-gram has no such position.
    #[error(
        "position {position} is past the {positions} that can be told apart: split the sequence, or use a larger shape"
    )]
    SequencePosition {
        /// The position asked for, counted from 0.
        position: usize,
        /// The number of positions.
        positions: usize,
    },
    /// The code to remove was not added.
    #[error("there is nothing to remove: remove only what was added under the same label")]
    NotAdded,
    /// The number is not a probability.
    #[error("the probability is {probability}: use 0 to 1")]
    Probability {
        /// The number given.
        probability: f64,
    },
    /// The range of a scale is not valid.
    #[error("the scale goes from {low} to {high}: use finite numbers, the lower one first")]
    Range {
        /// The lower end asked for.
        low: f64,
        /// The upper end asked for.
        high: f64,
    },
    /// A scale has too few levels, or more than its shape can tell apart.
    #[error(
        "a scale cannot have {levels} levels in blocks of {positions} positions: use 2 to {levels_max} levels, and at least 2 positions"
    )]
    Levels {
        /// The levels asked for.
        levels: usize,
        /// The most that the shape can tell apart.
        levels_max: usize,
        /// The positions per block.
        positions: usize,
    },
    /// A value is not a number.
    #[error("the value is not a number: leave it out")]
    NotANumber,
    /// There are too few factors or too many.
    #[error("the number of factors is {factors}: use 2 to {FACTORS_MAX}")]
    Factors {
        /// The factors asked for.
        factors: usize,
    },
    /// A search would take too many steps.
    #[error("the number of steps is {steps}: use at most {RESONATOR_STEPS_MAX}")]
    Steps {
        /// The steps asked for.
        steps: usize,
    },
    /// Two sketches come from encoders that hash differently.
    #[error("the sketches come from encoders with different options: use the same options for both")]
    OptionsMismatch,
    /// An option of an encoder is out of range.
    #[error("the encoder option {option} is {value}: use {least} to {most}")]
    EncoderOption {
        /// The name of the field.
        option: &'static str,
        /// Its value.
        value: u64,
        /// The lowest value allowed.
        least: u64,
        /// The highest value allowed.
        most: u64,
    },
}

impl Error {
    /// Refuses an encoder option that is out of range.
    pub(crate) fn expect_option(option: &'static str, value: u64, least: u64, most: u64) -> Result<()> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Error::EncoderOption { option, value, least, most })
    }
}
