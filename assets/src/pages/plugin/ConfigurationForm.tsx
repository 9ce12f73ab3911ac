import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import { useRef, useState, type FormEvent } from "react";
import { ApiError } from "../../api/client";
import { fieldMessages } from "../../api/fieldMessages";
import { testPluginConnection, updatePluginConfiguration } from "../../api/installations";
import { toMessage } from "../../api/toMessage";
import type { JsonObject, Plugin, PluginInstallation } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { Section } from "../../components/Section";
import { initialValues, parseForm, requiredNames, visibleFields } from "../../plugins/configurationSchema";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { ConfigurationInput } from "./ConfigurationInput";
import { FREE_FORM_SCHEMA, fromFreeForm, toFreeForm } from "./freeForm";

interface ConfigurationFormProps {
  plugin: Plugin;
  installation: PluginInstallation;
  /** Null when the plugin does not describe its settings. */
  schema: JsonObject | null;
}

interface Notice {
  severity: "success" | "error" | "warning";
  text: string;
}

export function ConfigurationForm({ plugin, installation, schema: described }: ConfigurationFormProps) {
  const user = useUser();
  const { replaceInstallation } = usePluginRegistry();
  const announce = useAnnounce();
  const form = useRef<HTMLFormElement>(null);
  const schema = described ?? FREE_FORM_SCHEMA;
  const stored = installation.configuration ?? {};
  const [values, setValues] = useState(() => initialValues(schema, described ? stored : toFreeForm(stored)));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [notice, setNotice] = useState<Notice | null>(null);
  const [work, setWork] = useState<"saving" | "testing" | null>(null);
  const reason = reasonNotToManage(user);
  const required = requiredNames(schema, values);

  /** The typed configuration, or null after its errors were shown. */
  function read(): JsonObject | null {
    const parsed = parseForm(schema, values, described ? stored : {});
    showErrors(parsed.errors);
    if (Object.keys(parsed.errors).length > 0) return null;
    return described ? parsed.configuration : fromFreeForm(parsed.configuration);
  }

  function showErrors(next: Record<string, string>) {
    setErrors(next);
    if (Object.keys(next).length === 0) return;
    setNotice({ severity: "error", text: "Nothing was changed: please correct the marked fields." });
    // The fields are marked by the next paint; then the first of them takes the focus.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  }

  function showFailure(failure: unknown) {
    const fields = failure instanceof ApiError ? fieldMessages(failure) : {};
    const shown = new Set(visibleFields(schema, values).map(({ name }) => name));
    const misplaced = Object.keys(fields).some((name) => !shown.has(name));
    showErrors(fields);
    if (misplaced || Object.keys(fields).length === 0) setNotice({ severity: "error", text: toMessage(failure) });
  }

  async function run(kind: "saving" | "testing", action: (configuration: JsonObject) => Promise<void>) {
    if (work !== null || reason !== null) return;
    setNotice(null);
    const configuration = read();
    if (configuration === null) return;
    setWork(kind);
    try {
      await action(configuration);
    } catch (failure) {
      showFailure(failure);
    } finally {
      setWork(null);
    }
  }

  function save(event: FormEvent) {
    event.preventDefault();
    void run("saving", async (configuration) => {
      const saved = await updatePluginConfiguration(installation.id, configuration);
      replaceInstallation(saved);
      const kept = saved.configuration ?? {};
      setValues(initialValues(schema, described ? kept : toFreeForm(kept)));
      setNotice({ severity: "success", text: "Configuration saved." });
    });
  }

  function test() {
    announce("Testing the connection");
    void run("testing", async (configuration) => {
      const result = await testPluginConnection(plugin.key, configuration);
      setNotice({ severity: result.success ? "success" : "warning", text: result.message });
    });
  }

  return (
    <Section title="Configuration" intro={reason ?? "Applies to everyone in your organization."}>
      <form ref={form} onSubmit={save} noValidate aria-label="Configuration">
        <Box sx={{ display: "grid", gap: 10, maxWidth: 560, pt: 2 }}>
          {visibleFields(schema, values).map((field) => (
            <ConfigurationInput
              key={field.name}
              field={field}
              value={values[field.name] ?? ""}
              onChange={(value) => setValues((previous) => ({ ...previous, [field.name]: value }))}
              error={errors[field.name]}
              isRequired={required.has(field.name)}
              isDisabled={reason !== null}
            />
          ))}
          {notice && <Alert severity={notice.severity}>{notice.text}</Alert>}
          <Box sx={{ display: "flex", flexWrap: "wrap", gap: 4 }}>
            <ActionButton
              type="submit"
              variant="contained"
              busyLabel={work === "saving" ? "Saving…" : null}
              disabledReason={reason}
            >
              Save
            </ActionButton>
            <ActionButton
              variant="outlined"
              onClick={test}
              busyLabel={work === "testing" ? "Testing…" : null}
              disabledReason={reason}
            >
              Test connection
            </ActionButton>
          </Box>
        </Box>
      </form>
    </Section>
  );
}
