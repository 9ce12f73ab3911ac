import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import { useState, type FormEvent } from "react";
import { ApiError } from "../api/client";
import { fieldMessages } from "../api/fieldMessages";
import { toMessage } from "../api/toMessage";
import { changePassword } from "../api/users";
import { FormError } from "./FormError";
import { TextInput } from "./TextInput";

export default function ChangePasswordDialog({ onClose }: { onClose: () => void }) {
  const [currentPassword, setCurrentPassword] = useState("");
  const [newPassword, setNewPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(null);
    setErrors({});
    try {
      await changePassword(currentPassword, newPassword);
      setDone(true);
    } catch (failure) {
      const fields = failure instanceof ApiError ? fieldMessages(failure) : {};
      setErrors(fields);
      if (Object.keys(fields).length === 0) setError(toMessage(failure));
    } finally {
      setBusy(false);
    }
  }

  if (isDone) {
    return (
      <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="password-title">
        <DialogTitle id="password-title">Password changed</DialogTitle>
        <DialogContent>
          <Alert severity="success">Use the new password from your next sign-in on.</Alert>
        </DialogContent>
        <DialogActions>
          <Button variant="contained" onClick={onClose} autoFocus>
            Close
          </Button>
        </DialogActions>
      </Dialog>
    );
  }

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="password-title">
      <form onSubmit={submit}>
        <DialogTitle id="password-title">Change password</DialogTitle>
        <DialogContent>
          <Stack spacing={8} sx={{ pt: 4 }}>
            {error && <FormError>{error}</FormError>}
            <TextInput
              label="Current password"
              type="password"
              name="current-password"
              autoComplete="current-password"
              value={currentPassword}
              onChange={setCurrentPassword}
              error={errors["currentPassword"]}
              required="unmarked"
            />
            <TextInput
              label="New password"
              type="password"
              name="new-password"
              autoComplete="new-password"
              value={newPassword}
              onChange={setNewPassword}
              error={errors["newPassword"]}
              required="unmarked"
            />
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" aria-disabled={isBusy}>
            {isBusy ? "Changing…" : "Change password"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
