import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useRef, useState, type FormEvent } from "react";
import { Navigate, useSearchParams } from "react-router";
import { toMessage } from "../../api/toMessage";
import { signIn } from "../../api/users";
import { EntryLayout } from "../../components/EntryLayout";
import { FormError } from "../../components/FormError";
import { TextInput } from "../../components/TextInput";
import { readReturnPath } from "../../session/returnPath";
import { useSession } from "../../session/SessionContext";

export function SignInPage() {
  const { session, enter } = useSession();
  const [parameters] = useSearchParams();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const passwordInput = useRef<HTMLInputElement>(null);

  if (session.status === "signed-in") return <Navigate to={readReturnPath(parameters)} replace />;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      enter(await signIn(email.trim(), password));
    } catch (failure) {
      setError(toMessage(failure));
      setBusy(false);
      passwordInput.current?.focus();
      passwordInput.current?.select();
    }
  }

  return (
    <EntryLayout title="Sign in" intro="Use the e-mail address and password of your organization's account.">
      <form onSubmit={submit}>
        <Stack spacing={8}>
          {error && <FormError>{error}</FormError>}
          <TextInput
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            value={email}
            onChange={setEmail}
            required="unmarked"
          />
          <TextInput
            label="Password"
            type="password"
            name="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
            inputRef={passwordInput}
            required="unmarked"
          />
          <Button type="submit" variant="contained" size="large" aria-disabled={isBusy}>
            {isBusy ? "Signing in…" : "Sign in"}
          </Button>
        </Stack>
      </form>
    </EntryLayout>
  );
}
