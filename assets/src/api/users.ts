import { request } from "./client";
import type { User } from "./types";

interface SignedIn {
  user: User;
}

export interface SetupRequest {
  token: string;
  organizationName: string;
  name: string;
  email: string;
  password: string;
}

export async function signIn(email: string, password: string): Promise<User> {
  const { user } = await request<SignedIn>("/users/login", {
    method: "POST",
    body: { email, password },
    anonymous: true,
  });
  return user;
}

export function signOut(): Promise<unknown> {
  return request("/users/logout", { method: "POST", anonymous: true });
}

export function getCurrentUser(signal?: AbortSignal): Promise<User> {
  return request<User>("/users/me", { signal });
}

export function changePassword(currentPassword: string, newPassword: string): Promise<unknown> {
  return request("/users/me/password", { method: "PUT", body: { currentPassword, newPassword } });
}

/** Everyone of the caller's organization. */
export function getUsers(signal?: AbortSignal): Promise<Pick<User, "id" | "name">[]> {
  return request<Pick<User, "id" | "name">[]>("/users", { signal });
}

/** Rejects with status 404 when the link was used or has expired. */
export function checkSetupToken(token: string, signal?: AbortSignal): Promise<unknown> {
  return request(`/users/setup?token=${encodeURIComponent(token)}`, { signal, anonymous: true });
}

export async function setUp(details: SetupRequest): Promise<User> {
  const { user } = await request<SignedIn>("/users/setup", { method: "POST", body: details, anonymous: true });
  return user;
}
