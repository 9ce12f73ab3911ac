import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import type { Plugin, PluginInstallation } from "../../api/types";
import { getCategories } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { Detail, DetailList } from "../../components/DetailList";
import { Section } from "../../components/Section";
import { Time } from "../../components/Time";

interface DetailsAsideProps {
  plugin: Plugin;
  installation: PluginInstallation | undefined;
}

export function DetailsAside({ plugin, installation }: DetailsAsideProps) {
  const categories = useResource("", getCategories);
  const category = categories.data?.find(({ id }) => id === plugin.category)?.name ?? plugin.category;
  const tags = plugin.tags ?? [];

  return (
    <Section title="Details">
      <DetailList>
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
      </DetailList>
      {tags.length > 0 && (
        <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2.5, mt: 8 }}>
          {tags.map((tag) => (
            <Chip key={tag} size="small" label={tag} />
          ))}
        </Box>
      )}
    </Section>
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
