import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useState, type FormEvent } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError } from "../../api/client";
import { fieldMessages } from "../../api/fieldMessages";
import { toMessage } from "../../api/toMessage";
import { useResource } from "../../api/useResource";
import { checkSetupToken, setUp } from "../../api/users";
import { EntryLayout } from "../../components/EntryLayout";
import { ErrorState } from "../../components/ErrorState";
import { FormError } from "../../components/FormError";
import { PageProgress } from "../../components/PageProgress";
import { TextInput } from "../../components/TextInput";
import { useSession } from "../../session/SessionContext";

const EMPTY = { organizationName: "", name: "", email: "", password: "" };

/** First run: the one-time link that the server prints names the organization and makes its first Admin. */
export default function SetupPage() {
  const [parameters] = useSearchParams();
  const token = parameters.get("token") ?? "";
  const check = useResource(token, (signal) => checkSetupToken(token, signal));
  const { enter } = useSession();
  const navigate = useNavigate();
  const [details, setDetails] = useState(EMPTY);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  if (check.error) {
    return (
      <EntryLayout
        title="This set-up link cannot be used"
        intro="A link works once and for a limited time. Start the server again on its empty data folder: it prints a new link."
      >
        <ErrorState title="The server says" message={check.error} onRetry={check.reload} />
      </EntryLayout>
    );
  }
  if (check.isLoading) return <PageProgress />;

  const change = (field: keyof typeof EMPTY) => (value: string) => setDetails({ ...details, [field]: value });

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(null);
    setErrors({});
    try {
      enter(await setUp({ token, ...details }));
      void navigate("/", { replace: true });
    } catch (failure) {
      const fields = failure instanceof ApiError ? fieldMessages(failure) : {};
      setErrors(fields);
      if (Object.keys(fields).length === 0) setError(toMessage(failure));
      setBusy(false);
    }
  }

  return (
    <EntryLayout
      title="Set up Souk"
      intro="Name your organization and create its first Admin account. More people can be added later."
    >
      <form onSubmit={submit}>
        <Stack spacing={8}>
          {error && <FormError>{error}</FormError>}
          <TextInput
            label="Organization"
            name="organization"
            autoComplete="organization"
            value={details.organizationName}
            onChange={change("organizationName")}
            error={errors["organizationName"]}
            required="unmarked"
          />
          <TextInput
            label="Your name"
            name="name"
            autoComplete="name"
            value={details.name}
            onChange={change("name")}
            error={errors["name"]}
            required="unmarked"
          />
          <TextInput
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            value={details.email}
            onChange={change("email")}
            error={errors["email"]}
            required="unmarked"
          />
          <TextInput
            label="Password"
            type="password"
            name="new-password"
            autoComplete="new-password"
            value={details.password}
            onChange={change("password")}
            error={errors["password"]}
            help="At least 12 characters; a sentence of several words works well."
            required="unmarked"
          />
          <Button type="submit" variant="contained" size="large" aria-disabled={isBusy}>
            {isBusy ? "Setting up…" : "Create organization"}
          </Button>
        </Stack>
      </form>
    </EntryLayout>
  );
}
