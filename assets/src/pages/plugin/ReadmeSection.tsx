import Skeleton from "@mui/material/Skeleton";
import { lazy, Suspense } from "react";
import { getReadme } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { Section } from "../../components/Section";

const Markdown = lazy(() => import("../../components/Markdown"));

/** The package's own words. A plugin without a README, or one that cannot be fetched now, has no section. */
export function ReadmeSection({ pluginKey }: { pluginKey: string }) {
  const readme = useResource(pluginKey, (signal) => getReadme(pluginKey, signal));
  if (!readme.data) return null;
  return (
    <Section title="README">
      <Suspense fallback={<Skeleton variant="rounded" height={160} />}>
        <Markdown text={readme.data} />
      </Suspense>
    </Section>
  );
}
