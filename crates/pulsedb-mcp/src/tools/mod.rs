//! The seven tools: what is said of each to a model, and what each does.

mod agents;
pub(crate) mod call;
mod changes;
mod context;
mod forget;
mod recall;
mod remember;
mod revise;
mod schema;

use rmcp::model::Tool;
use serde_json::{Map, Value};

use crate::error::ToolError;
use crate::tools::call::{Answer, Call, Name};

pub(crate) use changes::{Waiting, waiting};

/// Runs a tool, but for `changes`, which may wait.
pub(crate) fn run(name: Name, call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    match name {
        Name::Remember => remember::run(call, arguments),
        Name::Recall => recall::run(call, arguments),
        Name::Context => context::run(call, arguments),
        Name::Revise => revise::run(call, arguments),
        Name::Forget => forget::run(call, arguments),
        Name::Changes => changes::run(call, arguments),
        Name::Agents => agents::run(call, arguments),
    }
}

/// What `tools/list` says.
pub(crate) fn list() -> Vec<Tool> {
    vec![
        remember::tool(),
        recall::tool(),
        context::tool(),
        revise::tool(),
        forget::tool(),
        changes::tool(),
        agents::tool(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::TOOLS_BYTES_MAX;

    #[test]
    fn what_a_client_reads_of_the_tools_stays_short() {
        let listed: Vec<Value> = list()
            .iter()
            .map(|it| json!({ "name": it.name, "description": it.description, "inputSchema": it.input_schema }))
            .collect();
        let bytes = Value::Array(listed).to_string().len();
        assert!(bytes < TOOLS_BYTES_MAX, "{bytes} bytes");
    }

    #[test]
    fn forget_alone_is_destructive_and_every_tool_says_what_it_does() {
        for tool in list() {
            let annotations = tool.annotations.clone().unwrap();
            assert_eq!(annotations.destructive_hint, Some(tool.name == "forget"), "{}", tool.name);
            assert!(annotations.read_only_hint.is_some() && annotations.idempotent_hint.is_some());
            assert_eq!(annotations.open_world_hint, Some(false));
            assert!(
                annotations.title.is_some() && tool.description.is_some() && tool.output_schema.is_some()
            );
            assert_eq!(tool.input_schema["type"], "object");
            assert_eq!(tool.input_schema["additionalProperties"], false, "{}", tool.name);
            assert!(Name::of(&tool.name).is_some());
        }
        assert_eq!(list().len(), Name::ALL.len());
    }
}
