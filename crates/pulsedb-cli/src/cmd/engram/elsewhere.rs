//! The commands on systems without engrams: each fails and says what to use instead.

use anyhow::bail;

use crate::args::{MountArgs, RestoreArgs, SnapshotArgs};
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

pub(crate) fn snapshot(_: &Target, _: &SnapshotArgs, _: &mut Out) -> anyhow::Result<Exit> {
    bail!("engrams need a Unix system; `pulsedb export` writes the records as lines of JSON")
}

pub(crate) fn restore(_: &Target, _: &RestoreArgs, _: &mut Out) -> anyhow::Result<Exit> {
    bail!("engrams need a Unix system; `pulsedb import` reads lines of JSON")
}

pub(crate) fn mount(_: &Target, _: &MountArgs, _: &mut Out) -> anyhow::Result<Exit> {
    bail!("collectives are mounted on Linux only; `pulsedb export` writes the records as lines of JSON")
}
