import FormControl from "@mui/material/FormControl";
import FormControlLabel from "@mui/material/FormControlLabel";
import FormHelperText from "@mui/material/FormHelperText";
import InputLabel from "@mui/material/InputLabel";
import MenuItem from "@mui/material/MenuItem";
import Select from "@mui/material/Select";
import Switch from "@mui/material/Switch";
import { useId } from "react";
import { TextInput } from "../../components/TextInput";
import type { ConfigurationField } from "../../plugins/configurationSchema";
import { SecretInput } from "./SecretInput";

interface ConfigurationInputProps {
  field: ConfigurationField;
  value: string | boolean;
  onChange: (value: string | boolean) => void;
  error: string | undefined;
  isRequired: boolean;
  isDisabled: boolean;
}

/** One field of a configuration form, drawn for its kind. */
export function ConfigurationInput({ field, value, onChange, error, isRequired, isDisabled }: ConfigurationInputProps) {
  const id = useId();
  const note = error ?? field.help;
  const noteId = note ? `${id}-note` : undefined;
  const text = String(value);
  const common = {
    label: field.label,
    name: field.name,
    value: text,
    onChange,
    error,
    help: field.help,
    required: isRequired,
    disabled: isDisabled,
  };

  switch (field.kind) {
    case "boolean":
      return (
        <FormControl error={error !== undefined} disabled={isDisabled}>
          <FormControlLabel
            label={field.label}
            control={
              <Switch
                size="small"
                checked={value === true}
                onChange={(event) => onChange(event.target.checked)}
                slotProps={{ input: { name: field.name, "aria-describedby": noteId } }}
              />
            }
            sx={{ ml: -2, gap: 3 }}
          />
          {note && <FormHelperText id={noteId}>{note}</FormHelperText>}
        </FormControl>
      );
    case "choice":
      return (
        <FormControl fullWidth size="small" error={error !== undefined} required={isRequired} disabled={isDisabled}>
          <InputLabel id={`${id}-label`}>{field.label}</InputLabel>
          <Select
            labelId={`${id}-label`}
            id={id}
            label={field.label}
            name={field.name}
            value={text}
            onChange={(event) => onChange(event.target.value)}
            SelectDisplayProps={{ "aria-describedby": noteId } as React.HTMLAttributes<HTMLDivElement>}
          >
            {!isRequired && !field.hasDefault && (
              <MenuItem value="">
                <em>Not set</em>
              </MenuItem>
            )}
            {field.choices.map((choice) => (
              <MenuItem key={String(choice.value)} value={String(choice.value)}>
                {choice.label}
              </MenuItem>
            ))}
          </Select>
          {note && <FormHelperText id={noteId}>{note}</FormHelperText>}
        </FormControl>
      );
    case "secret":
      return <SecretInput {...common} />;
    case "url":
      return <TextInput {...common} inputMode="url" autoComplete="off" />;
    case "number":
    case "integer":
      return <TextInput {...common} inputMode={field.kind === "integer" ? "numeric" : "decimal"} autoComplete="off" />;
    case "json":
      return <TextInput {...common} multiline />;
    case "text":
      return <TextInput {...common} autoComplete="off" />;
  }
}
