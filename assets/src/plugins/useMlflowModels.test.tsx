import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import * as api from "../api/mlflow";
import { useMlflowModels } from "./useMlflowModels";

function Probe() {
  const { models, total, hasMore, loadMore, reload } = useMlflowModels();
  return (
    <>
      <output>{models?.map(({ name }) => name).join(" ")}</output>
      <p>{total} in all</p>
      {hasMore && <button onClick={loadMore}>more</button>}
      <button onClick={reload}>reload</button>
    </>
  );
}

it("models come a page at a time, and a reload starts again with the first", async () => {
  vi.spyOn(api, "getMlflowModels").mockImplementation(async (offset) =>
    offset === 0 ? { models: [{ name: "a" }], total: 2, nextOffset: 1 } : { models: [{ name: "b" }], total: 2 },
  );
  const shown = () => screen.getByRole("status").textContent;
  render(<Probe />);
  await vi.waitFor(() => expect(shown()).toBe("a"));
  screen.getByText("2 in all");
  await userEvent.click(screen.getByText("more"));
  await vi.waitFor(() => expect(shown()).toBe("a b"));
  expect(screen.queryByText("more")).toBeNull();
  await userEvent.click(screen.getByText("reload"));
  await vi.waitFor(() => expect(shown()).toBe("a"));
});
