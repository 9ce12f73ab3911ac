import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import Markdown from "./Markdown";

it("a publisher's text brings no script, no picture and no strange link", () => {
  const { container } = render(
    <Markdown
      text={[
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "![logo](https://evil.example/pixel.png)",
        "[run](javascript:alert(1)) [relative](./x) [site](https://a.example)",
      ].join("\n\n")}
    />,
  );
  expect(container.querySelector("script, img, iframe")).toBeNull();
  const links = screen.getAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toEqual(["https://a.example"]);
  expect(links[0]?.getAttribute("rel")).toBe("noopener noreferrer");
});
