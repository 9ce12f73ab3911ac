import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useEffect, useRef, type ReactNode } from "react";
import { useLocation } from "react-router";
import { FIRST_PAGE_KEY } from "./firstPage";

interface PageHeaderProps {
  title: string;
  intro?: ReactNode;
  actions?: ReactNode;
}

/** A page's heading. After a navigation it takes the focus, so that a screen reader says where one is. */
export function PageHeader({ title, intro, actions }: PageHeaderProps) {
  const heading = usePageHeading(title);
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "flex-start", gap: 6, mb: 8 }}>
      <Box sx={{ flex: "1 1 240px", minWidth: 0 }}>
        <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ outline: "none" }}>
          {title}
        </Typography>
        {intro && (
          <Typography color="text.secondary" sx={{ mt: 1.5, maxWidth: 720 }}>
            {intro}
          </Typography>
        )}
      </Box>
      {actions}
    </Box>
  );
}

/** For pages that draw their own heading: sets the tab's title and gives the heading its focus. */
export function usePageHeading(title: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { key } = useLocation();
  const isFirstPage = useRef(key === FIRST_PAGE_KEY);

  useEffect(() => {
    document.title = `${title} · Souk`;
  }, [title]);

  useEffect(() => {
    // On the first page the browser's own start is right: the skip link comes first.
    if (!isFirstPage.current) heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);

  return heading;
}
