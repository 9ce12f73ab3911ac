import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter, useNavigate } from "react-router";
import { expect, it, vi } from "vitest";
import { useMarketplaceQuery } from "./useMarketplaceQuery";
import { useSearchText } from "./useSearchText";

function Probe() {
  const { query, page, filter, addressOf } = useMarketplaceQuery();
  const { text, setText, searchNow } = useSearchText(query, (next) => filter({ query: next }));
  const navigate = useNavigate();
  return (
    <>
      <input aria-label="text" value={text} onChange={(event) => setText(event.target.value)} onBlur={searchNow} />
      <output>{`${query} ${page}`}</output>
      <button onClick={() => void navigate(addressOf(2))}>next</button>
      <button onClick={() => void navigate(-1)}>back</button>
    </>
  );
}

it("a search starts with its first page, and Back is not undone by what was typed", async () => {
  render(
    <MemoryRouter initialEntries={["/?q=old&category=c"]}>
      <Probe />
    </MemoryRouter>,
  );
  const shown = () => screen.getByRole("status").textContent;
  const field = screen.getByLabelText<HTMLInputElement>("text");
  await userEvent.click(screen.getByText("next"));
  expect(shown()).toBe("old 2");
  await userEvent.clear(field);
  await userEvent.type(field, "new ");
  await vi.waitFor(() => expect(shown()).toBe("new 1"));
  expect(field.value).toBe("new ");
  await userEvent.click(screen.getByText("back"));
  await vi.waitFor(() => expect(shown()).toBe("old 1"));
  expect(field.value).toBe("old");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(shown()).toBe("old 1");
});

it("leaving the field or emptying it asks at once", async () => {
  render(
    <MemoryRouter initialEntries={["/"]}>
      <Probe />
    </MemoryRouter>,
  );
  const shown = () => screen.getByRole("status").textContent;
  const field = screen.getByLabelText<HTMLInputElement>("text");
  await userEvent.type(field, "word");
  await userEvent.tab();
  expect(shown()).toBe("word 1");
  await userEvent.clear(field);
  expect(shown()).toBe(" 1");
});
