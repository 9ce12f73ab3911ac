// The one way from a page to the server. It knows envelopes, cookies and how a session is renewed;
// it knows no address and no page.

import type { FieldError } from "./types";

/** The access token lives for an hour; renewing it earlier spares a refused request. */
const RENEW_AFTER_MS = 50 * 60 * 1000;
/** When the session was last granted. Not a secret: the session itself is a cookie that no script can read. */
const GRANTED_AT = "souk.session";
const REFRESH_PATH = "/users/refresh";

export class ApiError extends Error {
  constructor(
    message: string,
    /** 0 when no reply arrived at all. */
    readonly status: number,
    readonly fieldErrors: FieldError[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Sent without a session: a refusal is the answer, not a reason to renew one. */
  anonymous?: boolean;
}

export interface Reply<T> {
  data: T;
  headers: Headers;
}

let renewal: Promise<boolean> | null = null;
let signedOutListener: () => void = () => {};

/** Calls `listener` when the server no longer accepts this session. */
export function onSignedOut(listener: () => void): void {
  signedOutListener = listener;
}

export function hasSession(): boolean {
  return localStorage.getItem(GRANTED_AT) !== null;
}

export function rememberSession(): void {
  localStorage.setItem(GRANTED_AT, String(Date.now()));
}

export function forgetSession(): void {
  localStorage.removeItem(GRANTED_AT);
}

/** Sends a request below `/api` and gives the `data` of the envelope. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await requestReply<T>(path, options)).data;
}

/** As `request`, with the headers of the reply. */
export async function requestReply<T>(path: string, options: RequestOptions = {}): Promise<Reply<T>> {
  if (!options.anonymous && isRenewalDue()) await renewSession();
  let response = await send(path, options);
  if (response.status === 401 && !options.anonymous) {
    if (await renewSession()) response = await send(path, options);
    if (response.status === 401) {
      forgetSession();
      signedOutListener();
    }
  }
  return readReply<T>(response);
}

function isRenewalDue(): boolean {
  const grantedAt = Number(localStorage.getItem(GRANTED_AT));
  return grantedAt > 0 && Date.now() - grantedAt > RENEW_AFTER_MS;
}

/** Several requests may find the session expired at once; they share one renewal. */
function renewSession(): Promise<boolean> {
  renewal ??= send(REFRESH_PATH, { method: "POST" })
    .then((response) => {
      if (response.ok) rememberSession();
      return response.ok;
    })
    .catch(() => false)
    .finally(() => {
      renewal = null;
    });
  return renewal;
}

async function send(path: string, { method = "GET", body, signal }: RequestOptions): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    headers: { Accept: "application/json" },
    signal: signal ?? null,
  };
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(`/api${path}`, init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("The server cannot be reached. Check your connection and try again.", 0);
  }
}

async function readReply<T>(response: Response): Promise<Reply<T>> {
  const text = await response.text();
  const envelope = parseEnvelope(text);
  if (!response.ok) throw toApiError(response, envelope);
  return { data: envelope["data"] as T, headers: response.headers };
}

function parseEnvelope(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function toApiError(response: Response, envelope: Record<string, unknown>): ApiError {
  const detail = envelope["data"] ?? envelope["error"];
  if (typeof detail === "string" && detail !== "") return new ApiError(detail, response.status);
  if (isRecord(detail)) {
    const errors = Array.isArray(detail["errors"]) ? detail["errors"].filter(isFieldError) : [];
    const message = typeof detail["message"] === "string" ? detail["message"] : null;
    return new ApiError(message ?? errors[0]?.message ?? statusText(response), response.status, errors);
  }
  const message = envelope["message"];
  return new ApiError(typeof message === "string" ? message : statusText(response), response.status);
}

function statusText(response: Response): string {
  return `The server answered with status ${response.status}. Try again in a moment.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value["field"] === "string" && typeof value["message"] === "string";
}
