import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { SECRET_MASK } from "../../plugins/configurationSchema";
import { SecretInput } from "./SecretInput";

function Harness({ stored }: { stored: string }) {
  const [value, setValue] = useState(stored);
  return (
    <>
      <SecretInput
        label="Password"
        name="password"
        value={value}
        onChange={setValue}
        help={null}
        error={undefined}
        required={false}
        disabled={false}
      />
      <output>{value}</output>
    </>
  );
}

it("a stored secret is kept until another one is typed, and again when that is removed", async () => {
  render(<Harness stored={SECRET_MASK} />);
  const input = screen.getByLabelText<HTMLInputElement>("Password");
  expect(input.value).toBe("");
  expect(screen.getByText("Stored. Leave it empty to keep it.")).toBeTruthy();
  await userEvent.type(input, "new");
  expect(screen.getByRole("status").textContent).toBe("new");
  await userEvent.clear(input);
  expect(screen.getByRole("status").textContent).toBe(SECRET_MASK);
});

it("a secret that was never stored may be left empty", async () => {
  render(<Harness stored="" />);
  await userEvent.type(screen.getByLabelText("Password"), "a{Backspace}");
  expect(screen.getByRole("status").textContent).toBe("");
});
