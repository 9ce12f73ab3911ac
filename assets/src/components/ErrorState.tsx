import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";

interface ErrorStateProps {
  title: string;
  message: string;
  onRetry?: () => void;
}

/** Something could not be loaded: what happened, and the way on. */
export function ErrorState({ title, message, onRetry }: ErrorStateProps) {
  return (
    <Box role="alert" sx={{ py: 24, px: 8, textAlign: "center", maxWidth: 480, mx: "auto" }}>
      <Typography variant="h2" component="p">
        {title}
      </Typography>
      <Typography color="text.secondary" sx={{ mt: 3, mb: 8 }}>
        {message}
      </Typography>
      {onRetry && (
        <Button variant="outlined" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Box>
  );
}
