import IconButton from "@mui/material/IconButton";
import InputAdornment from "@mui/material/InputAdornment";
import OutlinedInput from "@mui/material/OutlinedInput";
import Clear from "@mui/icons-material/Clear";
import Search from "@mui/icons-material/Search";
import { useRef } from "react";

interface SearchFieldProps {
  value: string;
  onChange: (text: string) => void;
  onLeave: () => void;
}

export function SearchField({ value, onChange, onLeave }: SearchFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <OutlinedInput
      size="small"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onBlur={onLeave}
      inputRef={input}
      placeholder="Search plugins"
      inputProps={{ "aria-label": "Search plugins", role: "searchbox", enterKeyHint: "search" }}
      startAdornment={
        <InputAdornment position="start">
          <Search fontSize="small" />
        </InputAdornment>
      }
      endAdornment={
        value !== "" && (
          <InputAdornment position="end">
            <IconButton
              size="small"
              edge="end"
              aria-label="Clear search"
              onClick={() => {
                onChange("");
                input.current?.focus();
              }}
            >
              <Clear fontSize="small" />
            </IconButton>
          </InputAdornment>
        )
      }
      sx={{ maxWidth: { sm: 380 }, width: "100%", bgcolor: "background.paper" }}
    />
  );
}
