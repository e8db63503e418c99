//! The representations: block codes at rest, counters for bundles, planes and sparse vectors of any dimension.

mod aligned;
mod bank;
mod block;
mod block_algebra;
mod convert;
mod counts;
mod counts_of_tables;
mod planes;
mod planes_table;
mod reference;
mod sparse;
mod table;
mod table_algebra;
mod view;

pub use bank::CounterBank;
pub use block::BlockCode;
pub use counts::Counts;
pub use planes::Planes;
pub use planes_table::PlanesTable;
pub use reference::CodeRef;
pub use sparse::SparseTernary;
pub use table::Codes;
pub use view::{CodesIter, CodesRef};
