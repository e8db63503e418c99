//! What no caller can do: losing writes in the middle of a commit, and forging engrams.

mod crash;
mod forge;
mod hostile;
mod killed;
mod trees;
