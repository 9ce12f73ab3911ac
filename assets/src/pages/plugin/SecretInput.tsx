import IconButton from "@mui/material/IconButton";
import InputAdornment from "@mui/material/InputAdornment";
import VisibilityOffOutlined from "@mui/icons-material/VisibilityOffOutlined";
import VisibilityOutlined from "@mui/icons-material/VisibilityOutlined";
import { useState } from "react";
import { TextInput } from "../../components/TextInput";
import { SECRET_MASK } from "../../plugins/configurationSchema";

interface SecretInputProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  help: string | null;
  error: string | undefined;
  required: boolean;
  disabled: boolean;
}

/** A password or token. A stored one is never shown: the field stays empty until a new one is typed. */
export function SecretInput({ value, onChange, help, disabled, ...rest }: SecretInputProps) {
  const [isShown, setShown] = useState(false);
  const [wasStored, setWasStored] = useState(value === SECRET_MASK);
  if (value === SECRET_MASK && !wasStored) setWasStored(true);
  const isKept = value === SECRET_MASK;
  const keptNote = "Stored. Leave it empty to keep it.";

  return (
    <TextInput
      {...rest}
      type={isShown ? "text" : "password"}
      value={isKept ? "" : value}
      // Emptied again, the field means what it meant before: keep what is stored.
      onChange={(typed) => onChange(typed === "" && wasStored ? SECRET_MASK : typed)}
      placeholder={isKept ? SECRET_MASK : undefined}
      help={isKept ? [help, keptNote].filter(Boolean).join(" ") : help}
      disabled={disabled}
      autoComplete="new-password"
      endAdornment={
        !isKept &&
        value !== "" && (
          <InputAdornment position="end">
            <IconButton
              size="small"
              edge="end"
              aria-label={isShown ? "Hide what was typed" : "Show what was typed"}
              aria-pressed={isShown}
              onClick={() => setShown(!isShown)}
            >
              {isShown ? <VisibilityOffOutlined fontSize="small" /> : <VisibilityOutlined fontSize="small" />}
            </IconButton>
          </InputAdornment>
        )
      }
    />
  );
}
