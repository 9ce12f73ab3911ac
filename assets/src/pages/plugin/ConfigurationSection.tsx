import Typography from "@mui/material/Typography";
import type { Plugin, PluginInstallation } from "../../api/types";
import { Section } from "../../components/Section";
import { ConfigurationForm } from "./ConfigurationForm";

interface ConfigurationSectionProps {
  plugin: Plugin;
  installation: PluginInstallation;
}

export function ConfigurationSection({ plugin, installation }: ConfigurationSectionProps) {
  const schema = plugin.configurationSchema ?? null;
  const hasSettings = Object.keys(installation.configuration ?? {}).length > 0;

  if (schema === null && !plugin.requiresConfiguration && !hasSettings) {
    return (
      <Section title="Configuration">
        <Typography color="text.secondary">This plugin has nothing to configure. It is ready to use.</Typography>
      </Section>
    );
  }
  return <ConfigurationForm plugin={plugin} installation={installation} schema={schema} />;
}
