import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import type { Plugin, PluginInstallation } from "../../api/types";
import { getCategories } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { Section } from "../../components/Section";
import { Time } from "../../components/Time";
import { permissionLines } from "../../plugins/permissionLines";

interface DetailsAsideProps {
  plugin: Plugin;
  installation: PluginInstallation | undefined;
}

export function DetailsAside({ plugin, installation }: DetailsAsideProps) {
  const categories = useResource("", getCategories);
  const category = categories.data?.find(({ id }) => id === plugin.category)?.name ?? plugin.category;
  const permissions = permissionLines(plugin.permissions);
  const tags = plugin.tags ?? [];

  return (
    <Box sx={{ display: "grid", gap: 8, gridTemplateColumns: "minmax(0, 1fr)" }}>
      <Section title="Details">
        <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "96px minmax(0, 1fr)", gap: 4 }}>
          <Detail name="Version">{installation?.version ?? plugin.version ?? "–"}</Detail>
          {plugin.author && <Detail name="Author">{plugin.author}</Detail>}
          {category && <Detail name="Category">{category}</Detail>}
          <Detail name="Key">{plugin.key}</Detail>
          {installation && (
            <Detail name="Installed">
              <Time value={installation.installedAt} />
            </Detail>
          )}
          {isWebAddress(plugin.documentationUrl) && (
            <Detail name="Manual">
              <OutsideLink href={plugin.documentationUrl} />
            </Detail>
          )}
          {isWebAddress(plugin.supportUrl) && (
            <Detail name="Support">
              <OutsideLink href={plugin.supportUrl} />
            </Detail>
          )}
        </Box>
        {tags.length > 0 && (
          <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2.5, mt: 8 }}>
            {tags.map((tag) => (
              <Chip key={tag} size="small" label={tag} />
            ))}
          </Box>
        )}
      </Section>
      <Section title="Permissions">
        {permissions.length === 0 ? (
          <Typography color="text.secondary">
            {plugin.permissions ? "The plugin asks for nothing." : "The plugin's manifest does not say what it needs."}
          </Typography>
        ) : (
          <Box component="ul" sx={{ m: 0, pl: 9, display: "grid", gap: 2, overflowWrap: "anywhere" }}>
            {permissions.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </Box>
        )}
      </Section>
    </Box>
  );
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt" color="text.secondary">
        {name}
      </Typography>
      <Typography component="dd" sx={{ m: 0, overflowWrap: "anywhere" }}>
        {children}
      </Typography>
    </>
  );
}

function OutsideLink({ href }: { href: string }) {
  return (
    <Link href={href} target="_blank" rel="noopener noreferrer">
      {new URL(href).host}
    </Link>
  );
}

function isWebAddress(text: string | undefined): text is string {
  return text !== undefined && URL.canParse(text) && /^https?:/.test(text);
}
