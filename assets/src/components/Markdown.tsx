import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { MONOSPACE_FONTS } from "../theme";

/**
 * Text of a publisher, who is not trusted: no HTML of theirs is rendered, no picture is fetched, and a
 * link leaves in its own tab, without a trace of where it came from.
 */
export default function Markdown({ text }: { text: string }) {
  return (
    <Box
      sx={{
        overflowWrap: "anywhere",
        "& > :first-of-type": { mt: 0 },
        "& > :last-child": { mb: 0 },
        "& h3, & h4, & h5": { fontWeight: 600, lineHeight: 1.4, mt: 10, mb: 3 },
        "& h3": { fontSize: 15 },
        "& h4": { fontSize: 13.5 },
        "& h5": { fontSize: 13, color: "text.secondary" },
        "& p": { my: 4 },
        "& ul, & ol": { pl: 10, my: 4 },
        "& code": { fontFamily: MONOSPACE_FONTS, fontSize: 12, bgcolor: "action.hover", px: 2, borderRadius: 0.5 },
        "& pre": { bgcolor: "action.hover", p: 6, borderRadius: 1, overflowX: "auto" },
        "& pre code": { bgcolor: "transparent", p: 0, overflowWrap: "normal" },
        "& table": { my: 6, borderCollapse: "collapse", display: "block", overflowX: "auto", overflowWrap: "normal" },
        "& th, & td": { border: 1, borderColor: "divider", px: 5, py: 2.5, textAlign: "left" },
        "& blockquote": { borderLeft: 3, borderColor: "divider", ml: 0, pl: 6, color: "text.secondary" },
      }}
    >
      <ReactMarkdown remarkPlugins={[remarkGfm]} skipHtml components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </Box>
  );
}

const COMPONENTS: Components = {
  // The page and the section have their own headings; these continue below them.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h5>{children}</h5>,
  h5: ({ children }) => <h5>{children}</h5>,
  h6: ({ children }) => <h5>{children}</h5>,
  img: ({ alt }) => <em>{alt}</em>,
  // What scrolls sideways must do so by keyboard too.
  table: ({ children }) => <table tabIndex={0}>{children}</table>,
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  a: ({ href, children }) =>
    href && /^(https?|mailto):/.test(href) ? (
      <Link href={href} target="_blank" rel="noopener noreferrer" underline="always">
        {children}
      </Link>
    ) : (
      <span>{children}</span>
    ),
};
