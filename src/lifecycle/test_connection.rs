//! Testing a configuration that may not be stored yet.

use serde::Serialize;
use serde_json::Value as Json;

use super::Lifecycle;
use super::evidence::HookRuns;
use super::refusal::{script_error, without_secrets};
use crate::clock;
use crate::configuration::Configuration;
use crate::error::Result;
use crate::plugin_key::PluginKey;
use crate::script::{Hook, ScriptError};
use crate::session::Caller;
use crate::value::Value;

/// Bytes of what a plugin tells beside success and message.
const MOST_TOLD: usize = 64 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionTest {
    pub success: bool,
    pub message: String,
    pub tested_at: String,
    /// Whatever else the plugin told, such as `serverVersion`.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl Lifecycle {
    /// A masked secret stands for the stored one, under the same rule as when saving.
    pub fn test_connection(
        &self,
        caller: &Caller,
        key: &PluginKey,
        incoming: &Configuration,
    ) -> Result<ConnectionTest> {
        let row = self.installation_of(&caller.tenant, key)?;
        let installed = self.installed(&caller.tenant, row)?;
        let owner = Self::owner(&caller.tenant, key, &installed.plugin);
        let plain = owner.merge(
            &self.secrets,
            incoming,
            &installed.installation.configuration,
        )?;
        if !installed.plugin.program.has(Hook::TestConnection) {
            return Ok(told(
                false,
                "Plugin does not support connection testing".to_owned(),
            ));
        }
        let call = self.call(
            caller,
            &owner,
            installed.rights(),
            &plain,
            Some(self.bound_db(&caller.tenant, &installed)),
        );
        let argument = call.configuration.clone();
        let outcome = installed
            .plugin
            .program
            .run_hook(Hook::TestConnection, vec![argument], call);
        let mut ran = HookRuns::default();
        ran.add(
            caller,
            &installed.plugin.program,
            Hook::TestConnection,
            outcome.account,
        );
        self.keep_hooks(&caller.tenant, installed.installation.id, ran);
        let redaction = &outcome.call.redaction;
        let mut test = match outcome.result {
            Ok(answer) => read(&answer),
            Err(ScriptError::Raised { message, .. } | ScriptError::BadResult { message }) => {
                told(false, message)
            }
            Err(error) => {
                return Err(without_secrets(script_error(key, error), redaction));
            }
        };
        if !test.success {
            self.metrics.plugin_error(key);
        }
        test.message = redaction.clean(&test.message);
        let mut more = Json::Object(std::mem::take(&mut test.more));
        if !redaction.clean_json(&mut more, MOST_TOLD) {
            return Ok(told(
                false,
                format!("The plugin told more than {MOST_TOLD} bytes about the connection"),
            ));
        }
        if let Json::Object(more) = more {
            test.more = more;
        }
        Ok(test)
    }
}

fn told(success: bool, message: String) -> ConnectionTest {
    ConnectionTest {
        success,
        message,
        tested_at: clock::now_iso(),
        more: serde_json::Map::new(),
    }
}

fn read(answer: &Value) -> ConnectionTest {
    let success = answer.get("success").and_then(Value::as_bool) == Some(true);
    let silent = if success {
        "Connection successful"
    } else {
        "The plugin gave no reason"
    };
    let mut test = told(
        success,
        answer
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or(silent)
            .to_owned(),
    );
    if let Value::Map(fields) = answer {
        for (name, value) in fields {
            if !matches!(name.as_str(), "success" | "message" | "testedAt")
                && let Ok(json) = value.to_json()
            {
                test.more.insert(name.clone(), json);
            }
        }
    }
    test
}
