import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Link, MemoryRouter, Route, Routes } from "react-router";
import { expect, it, vi } from "vitest";
import { PageBoundary } from "./PageBoundary";

function Broken(): never {
  throw new Error("its code did not arrive");
}

it("a page that fails says what to do, and the next page is shown", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  render(
    <MemoryRouter initialEntries={["/broken"]}>
      <Link to="/fine">next</Link>
      <PageBoundary>
        <Routes>
          <Route path="/broken" element={<Broken />} />
          <Route path="/fine" element={<p>all is well</p>} />
        </Routes>
      </PageBoundary>
    </MemoryRouter>,
  );
  expect(screen.getByRole("alert").textContent).toContain("This page cannot be shown");
  await userEvent.click(screen.getByText("next"));
  expect(screen.getByText("all is well")).toBeTruthy();
});
