import FormControl from "@mui/material/FormControl";
import FormHelperText from "@mui/material/FormHelperText";
import InputLabel from "@mui/material/InputLabel";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, type HTMLInputAutoCompleteAttribute, type ReactNode, type Ref } from "react";

interface TextInputProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "email" | "password";
  name?: string;
  help?: ReactNode;
  error?: string | undefined;
  /** "unmarked" where every field is required: a mark would say nothing. */
  required?: boolean | "unmarked";
  disabled?: boolean;
  placeholder?: string | undefined;
  inputMode?: "text" | "numeric" | "decimal" | "url";
  multiline?: boolean;
  autoComplete?: HTMLInputAutoCompleteAttribute;
  inputRef?: Ref<HTMLInputElement>;
  endAdornment?: ReactNode;
}

/** A labelled line of text with its help and error. Smaller than MUI's TextField, which carries menus. */
export function TextInput({
  label,
  value,
  onChange,
  type = "text",
  name,
  help,
  error,
  required = false,
  disabled = false,
  placeholder,
  inputMode,
  multiline = false,
  autoComplete,
  inputRef,
  endAdornment,
}: TextInputProps) {
  const id = useId();
  const note = error ?? help;
  const noteId = note ? `${id}-note` : undefined;
  return (
    <FormControl fullWidth size="small" error={error !== undefined} required={required === true} disabled={disabled}>
      <InputLabel htmlFor={id} {...(placeholder ? { shrink: true } : {})}>
        {label}
      </InputLabel>
      <OutlinedInput
        id={id}
        label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        type={type}
        name={name}
        placeholder={placeholder}
        multiline={multiline}
        minRows={multiline ? 4 : undefined}
        autoComplete={autoComplete}
        inputRef={inputRef}
        endAdornment={endAdornment}
        {...(placeholder ? { notched: true } : {})}
        inputProps={{ required: required !== false, inputMode, "aria-describedby": noteId, spellCheck: multiline ? false : undefined }}
      />
      {note && <FormHelperText id={noteId}>{note}</FormHelperText>}
    </FormControl>
  );
}
