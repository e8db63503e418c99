//! What can go wrong, by what the caller can do about it.

use crate::Shape;
use crate::kind::Kind;
use crate::limits::{BLOCKS_MAX, DIMENSION_MAX, FACTORS_MAX, POSITIONS_MAX, RESONATOR_STEPS_MAX};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused. Nothing was changed by it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No code can have this shape.
    #[error(
        "a shape of {blocks} blocks and {positions} positions: use 1 to {BLOCKS_MAX} blocks of 1 to {POSITIONS_MAX} \
         positions"
    )]
    Shape {
        /// The blocks asked for.
        blocks: usize,
        /// The positions a block asked for.
        positions: usize,
    },
    /// Two operands have different shapes; use codes of one shape.
    #[error("operands of the shapes {left} and {right}: make both of one shape")]
    ShapeMismatch {
        /// The shape of the receiver.
        left: Shape,
        /// The shape of the argument.
        right: Shape,
    },
    /// No vector can have this dimension.
    #[error("a dimension of {dimension}: use 1 to {DIMENSION_MAX}")]
    Dimension {
        /// The dimension asked for.
        dimension: usize,
    },
    /// Two operands have different dimensions; use vectors of one dimension.
    #[error("operands of {left} and {right} dimensions: make both of one dimension")]
    DimensionMismatch {
        /// The dimension of the receiver.
        left: usize,
        /// The dimension of the argument.
        right: usize,
    },
    /// Bytes or counters are not as many as their shape says.
    #[error("{found} elements where the shape has {expected}: cut or complete them")]
    Length {
        /// What the shape has.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A position lies outside its block.
    #[error(
        "block {block} of code {row} names position {position} of {positions}: the bytes are damaged or of another shape"
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
    /// A vector is no block code: a block of it has no or several non-zero elements.
    #[error(
        "block {block} has {nonzero} non-zero elements instead of one: keep it as it is; a bundle is read out with `thin`"
    )]
    NotBlockCode {
        /// The first such block, counted from 0.
        block: usize,
        /// The non-zero elements in it.
        nonzero: usize,
    },
    /// A bundle is no block code: a block has one non-zero counter, which is not 1 or -1.
    #[error("the counter of block {block} is {counter} instead of 1 or -1: read the bundle out with `thin`")]
    NotUnit {
        /// The first such block, counted from 0.
        block: usize,
        /// Its counter.
        counter: i32,
    },
    /// Indexes of a sparse vector are not strictly ascending, not below the dimension, or in both signs.
    #[error(
        "index {index} is out of order, doubled or not below the dimension {dimension}: sort the indexes, each once"
    )]
    Index {
        /// The index that does not fit.
        index: u32,
        /// The dimension of the vector.
        dimension: usize,
    },
    /// A counter would leave its integer; nothing was added.
    #[error("a counter would exceed {limit}: take out items or begin another bundle")]
    Full {
        /// The largest absolute value of a counter, or the most items of a bundle.
        limit: i64,
    },
    /// There is nothing to take out.
    #[error("the bundle in slot {slot} is empty: remove only what was added")]
    Empty {
        /// The slot asked for.
        slot: usize,
    },
    /// A slot does not exist.
    #[error("slot {slot} where there are {slots}: use a lower one, they count from 0")]
    Slot {
        /// The slot asked for.
        slot: usize,
        /// The slots that exist.
        slots: usize,
    },
    /// The bytes do not begin as a message does; they are something else, or damaged at their front.
    #[error("the bytes are no message of codes: look whether this is the right file")]
    NotMessage,
    /// The bytes are a message and more, or a part of one.
    #[error("a message of {expected} bytes has {found}: it was cut, or something was appended")]
    MessageLength {
        /// Bytes that the message has, or at least those of a header.
        expected: u64,
        /// Bytes that were given.
        found: u64,
    },
    /// A newer version of this crate wrote the message.
    #[error("a message of version {found}, while {supported} is read: use a newer version of this crate")]
    MessageVersion {
        /// The version of the message.
        found: u16,
        /// The version that is read.
        supported: u16,
    },
    /// The message holds something else than was asked for.
    #[error("a message of {found:?}, not of {expected:?}: decode it as what it is")]
    MessageKind {
        /// What was asked for.
        expected: Kind,
        /// What it holds.
        found: Kind,
    },
    /// The message is not what was written; take another copy.
    #[error("the {what} of the message is damaged: take another copy of it")]
    Damaged {
        /// The part that is.
        what: &'static str,
    },
    /// Two tables, or a table and its weights, do not have one row for each other.
    #[error("tables of {left} and {right} rows: give one row for each")]
    RowsMismatch {
        /// The rows of the receiver.
        left: usize,
        /// The rows of the argument.
        right: usize,
    },
    /// A table that is chosen from has no code.
    #[error("a table without codes: add those to choose from")]
    NoCodes,
    /// A sequence or an n-gram has no such position.
    #[error(
        "position {position} where {positions} can be told apart: cut it into several, or use a larger shape"
    )]
    SequencePosition {
        /// The position asked for, counted from 0.
        position: usize,
        /// The positions that there are.
        positions: usize,
    },
    /// What is to be taken out was not put in.
    #[error("nothing to take out: remove only what was added, under the same label")]
    NotAdded,
    /// No probability is like this.
    #[error("a probability of {probability}: use 0 to 1")]
    Probability {
        /// The probability asked for.
        probability: f64,
    },
    /// A scale has no such range.
    #[error("a scale from {low} to {high}: use finite numbers, the lower first")]
    Range {
        /// The lower end asked for.
        low: f64,
        /// The upper end asked for.
        high: f64,
    },
    /// A scale has too few levels, or more than its shape can tell apart.
    #[error(
        "a scale of {levels} levels in blocks of {positions} positions: use 2 to {levels_max} levels, and 2 positions or more"
    )]
    Levels {
        /// The levels asked for.
        levels: usize,
        /// The most that the shape can tell apart.
        levels_max: usize,
        /// The positions of a block.
        positions: usize,
    },
    /// A value is not a number.
    #[error("a value that is not a number: leave it out")]
    NotANumber,
    /// A product has too few factors or too many.
    #[error("a product of {factors} factors: use 2 to {FACTORS_MAX}")]
    Factors {
        /// The factors asked for.
        factors: usize,
    },
    /// A search would take too many steps.
    #[error("{steps} steps: use {RESONATOR_STEPS_MAX} at most")]
    Steps {
        /// The steps asked for.
        steps: usize,
    },
    /// Two sketches come from encoders that hash differently.
    #[error("sketches of encoders with different options: make both with the same")]
    OptionsMismatch,
    /// An option of an encoder is out of its range.
    #[error("the encoder option {option} is {value}: use {least} to {most}")]
    EncoderOption {
        /// The name of the field.
        option: &'static str,
        /// What it is.
        value: u64,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
    },
}

impl Error {
    /// Refuses an option of an encoder that is out of its range.
    pub(crate) fn expect_option(option: &'static str, value: u64, least: u64, most: u64) -> Result<()> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Error::EncoderOption { option, value, least, most })
    }
}
