//! `cat`: what files hold, on standard output.

use crate::args::CatArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::Out;

pub(crate) fn run(args: &CatArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    for path in plan::paths(&args.paths)? {
        tree.read(&tree.entry(&path)?, out)?;
    }
    Ok(Exit::Ok)
}
