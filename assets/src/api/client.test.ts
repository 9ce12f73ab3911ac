import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, hasSession, onSignedOut, rememberSession, request } from "./client";

const fetchMock = vi.fn<typeof fetch>();

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });
const paths = () => fetchMock.mock.calls.map(([path]) => path);

beforeEach(() => {
  fetchMock.mockReset();
  vi.stubGlobal("fetch", fetchMock);
  onSignedOut(() => {});
});

describe("a request", () => {
  it("gives the data of the envelope", async () => {
    fetchMock.mockResolvedValue(answer(200, { message: "OK", data: [1, 2] }));
    expect(await request("/plugins/categories")).toEqual([1, 2]);
    expect(paths()).toEqual(["/api/plugins/categories"]);
  });

  it("renews an expired session once, for all who wait, and tries again", async () => {
    let isExpired = true;
    fetchMock.mockImplementation(async (path) => {
      if (path === "/api/users/refresh") {
        isExpired = false;
        return answer(200, { data: {} });
      }
      return isExpired ? answer(401, { data: "Sign in first" }) : answer(200, { data: path });
    });
    await expect(Promise.all([request("/a"), request("/b")])).resolves.toEqual(["/api/a", "/api/b"]);
    expect(paths().filter((path) => path === "/api/users/refresh")).toHaveLength(1);
  });

  it("tells that the session ended when it cannot be renewed", async () => {
    const listener = vi.fn();
    onSignedOut(listener);
    rememberSession();
    fetchMock.mockImplementation(async () => answer(401, { message: "Unauthorized", data: "Sign in first" }));
    await expect(request("/a")).rejects.toMatchObject({ status: 401, message: "Sign in first" });
    expect(listener).toHaveBeenCalledOnce();
    expect(hasSession()).toBe(false);
  });

  it("does not renew a session for a wrong password", async () => {
    fetchMock.mockResolvedValue(answer(401, { data: "The password is wrong" }));
    await expect(request("/users/login", { method: "POST", body: {}, anonymous: true })).rejects.toThrow("The password is wrong");
    expect(paths()).toEqual(["/api/users/login"]);
  });
});

describe("a refusal", () => {
  const refusal = async (status: number, body: unknown): Promise<ApiError> => {
    fetchMock.mockResolvedValue(answer(status, body));
    const error: unknown = await request("/x").catch((failure: unknown) => failure);
    if (error instanceof ApiError) return error;
    throw new Error("the request was not refused");
  };

  it("carries the errors of the fields", async () => {
    const errors = [{ field: "timeout", message: "must be a number" }];
    const error = await refusal(422, { message: "Unprocessable Entity", data: { message: "Not valid", errors } });
    expect(error).toMatchObject({ message: "Not valid", fieldErrors: errors });
  });

  it("reads the text of a limit and of a fault of the server", async () => {
    expect((await refusal(429, { error: "Too many" })).message).toBe("Too many");
    expect((await refusal(503, { message: "Service Unavailable", error: "Busy" })).message).toBe("Busy");
  });

  it("says something useful when the answer is no envelope", async () => {
    fetchMock.mockResolvedValue(new Response("<html>", { status: 502 }));
    await expect(request("/x")).rejects.toThrow("status 502");
    fetchMock.mockRejectedValue(new TypeError("Failed to fetch"));
    await expect(request("/x")).rejects.toThrow("cannot be reached");
  });
});
