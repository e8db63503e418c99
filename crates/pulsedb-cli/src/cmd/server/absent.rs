//! The commands where PostgreSQL was left out: each says how to get it.

use pulsedb_mcp::Opener;

use crate::args::MoveArgs;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::output::Out;

const ABSENT: &str = "this command was built without PostgreSQL; build it with `--features postgres`, for example by \
                      `cargo install --path crates/pulsedb-cli --features postgres`";

fn absent<T>() -> anyhow::Result<T> {
    Err(CliError::Usage(ABSENT.to_owned()).into())
}

pub(crate) fn push(_: &Target, _: &MoveArgs, _: &mut Out) -> anyhow::Result<Exit> {
    absent()
}

pub(crate) fn pull(_: &Target, _: &MoveArgs, _: &mut Out) -> anyhow::Result<Exit> {
    absent()
}

pub(crate) fn opener(_: &str, _: &str) -> anyhow::Result<Opener> {
    absent()
}
