import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ActionButton } from "./ActionButton";

it("a disabled button can be reached by keyboard, says why, and does nothing", async () => {
  const onClick = vi.fn();
  render(
    <ActionButton onClick={onClick} disabledReason="Only Admins can do this">
      Install
    </ActionButton>,
  );
  await userEvent.tab();
  const button = screen.getByRole("button", { name: "Install", description: "Only Admins can do this" });
  expect(document.activeElement).toBe(button);
  await userEvent.keyboard("{Enter}");
  expect(onClick).not.toHaveBeenCalled();
});

it("a busy button says what it does and does not start it twice", async () => {
  const onClick = vi.fn();
  render(
    <ActionButton onClick={onClick} busyLabel="Installing…">
      Install
    </ActionButton>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Installing…" }));
  expect(onClick).not.toHaveBeenCalled();
});
